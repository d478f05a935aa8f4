import type { RefObject } from "react";
import { Menu, MenuItem, Popover } from "react-aria-components";
import { texts } from "../texts";

interface Props {
  readonly trigger: RefObject<HTMLButtonElement | null>;
  readonly label: string;
  readonly onSignOut: () => void;
  readonly onClose: () => void;
}

export default function AccountMenu({ trigger, label, onSignOut, onClose }: Props) {
  return (
    <Popover
      className="popover"
      triggerRef={trigger}
      isOpen
      onOpenChange={(open) => !open && onClose()}
      placement="top start"
      aria-label={label}
    >
      <Menu className="menu" aria-label={label} autoFocus="first" onClose={onClose}>
        <MenuItem className="menu-item" onAction={onSignOut}>
          {texts.nav.signOut}
        </MenuItem>
      </Menu>
    </Popover>
  );
}
