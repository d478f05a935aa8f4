import type { ReactNode } from "react";
import { texts } from "../texts";
import { Button } from "./Button";
import { MenuIcon } from "./icons";

interface Props {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly onMenu: () => void;
  /** What can be done on this page. */
  readonly children?: ReactNode;
}

/** The head of a page that has the whole width. */
export function ViewHead({ title, hint, onMenu, children }: Props) {
  return (
    <header className="view-head">
      <Button className="icon-button menu-button" aria-label={texts.nav.open} onPress={onMenu}>
        <MenuIcon />
      </Button>
      <div className="view-title">
        <h1>{title}</h1>
        {hint && <p>{hint}</p>}
      </div>
      <div className="view-tools">{children}</div>
    </header>
  );
}

interface ScrollProps {
  readonly label: string;
  readonly className: "view-body" | "table-frame";
  readonly children: ReactNode;
}

/** A part that scrolls: the keyboard reaches it, so that it can be scrolled without a mouse. */
export function Scroller({ label, className, children }: ScrollProps) {
  return (
    <div className={className} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
