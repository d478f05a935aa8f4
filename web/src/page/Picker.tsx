import { Suspense, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Button } from "./Button";
import { later } from "./overlays";
import type { Placement } from "./PickerMenu";

const PickerMenu = later(() => import("./PickerMenu"));

export interface Option {
  readonly id: string;
  readonly name: string;
  readonly icon?: ReactNode;
  /** What stands at the end of the line, such as a count. */
  readonly hint?: string | undefined;
}

interface Look {
  readonly label: string;
  readonly options: readonly Option[];
  /** What the button shows; the chosen option by default. */
  readonly children?: ReactNode;
  readonly className?: string;
  readonly placement?: Placement;
  readonly testId?: string;
  /** The key that opens it. */
  readonly shortcut?: string;
  readonly isDisabled?: boolean;
}

interface Props extends Look {
  readonly value: string;
  readonly onPick: (id: string) => void;
  readonly onOpenChange?: (open: boolean) => void;
}

/** Chooses one of a few: a button with a list that opens, found by typing the first letters. */
export function Picker({ value, onPick, onOpenChange, ...look }: Props) {
  const { label, options, children } = look;
  const chosen = options.find((option) => option.id === value);
  return (
    <Opener {...look} says={chosen ? `${label}: ${chosen.name}` : label} chosen={[value]} onPick={onPick} onOpenChange={onOpenChange}>
      {children ?? (
        <>
          {chosen?.icon}
          <span className="picker-text">{chosen?.name ?? value}</span>
        </>
      )}
    </Opener>
  );
}

interface ManyProps extends Look {
  /** The button's name for those who do not see it. */
  readonly says: string;
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Chooses any number of a few; the list stays open meanwhile. */
export function ManyPicker({ onChange, ...look }: ManyProps) {
  return <Opener {...look} onMany={onChange} />;
}

interface OpenerProps extends Look {
  readonly says: string;
  readonly chosen: readonly string[];
  readonly onPick?: ((id: string) => void) | undefined;
  readonly onMany?: ((ids: readonly string[]) => void) | undefined;
  readonly onOpenChange?: ((open: boolean) => void) | undefined;
}

function Opener({ label, options, says, chosen, onPick, onMany, onOpenChange, children, className = "picker", placement, testId, shortcut, isDisabled }: OpenerProps) {
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const change = (next: boolean) => {
    setOpen(next);
    onOpenChange?.(next);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    change(true);
  };
  return (
    <>
      <Button
        ref={trigger}
        className={className}
        aria-label={says}
        aria-haspopup="listbox"
        aria-keyshortcuts={shortcut}
        aria-expanded={open}
        data-testid={testId}
        isDisabled={isDisabled}
        onPress={() => change(!open)}
        onKeyDown={pressed}
      >
        {children}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <PickerMenu
            trigger={trigger}
            label={label}
            options={options}
            chosen={chosen}
            placement={placement}
            onPick={onPick}
            onMany={onMany}
            onClose={() => change(false)}
          />
        </Suspense>
      )}
    </>
  );
}
