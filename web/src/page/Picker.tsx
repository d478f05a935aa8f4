import type { ReactNode } from "react";
import { Button, ListBox, ListBoxItem, Popover, Select, SelectValue, type PopoverProps } from "react-aria-components";
import { CheckIcon } from "./icons";

export interface Option {
  readonly id: string;
  readonly name: string;
  readonly icon?: ReactNode;
}

interface Props {
  readonly label: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly onPick: (id: string) => void;
  readonly onOpenChange?: (open: boolean) => void;
  /** What the button shows; the chosen option by default. */
  readonly children?: ReactNode;
  readonly className?: string;
  readonly placement?: NonNullable<PopoverProps["placement"]>;
  readonly testId?: string;
}

/** Chooses one of a few: a button with a list that opens, found by typing the first letters. */
export function Picker(props: Props) {
  const { label, value, options, onPick, onOpenChange, children, className = "picker", placement, testId } = props;
  const chosen = options.find((option) => option.id === value);
  return (
    <Select
      aria-label={label}
      value={value}
      onChange={(key) => key !== null && onPick(String(key))}
      {...(onOpenChange && { onOpenChange })}
    >
      <Button className={className} data-testid={testId}>
        {children ?? chosen?.icon}
        {/* react-aria names the button after this value and the label. */}
        <SelectValue className={children ? "hidden" : "picker-text"}>{chosen?.name ?? value}</SelectValue>
      </Button>
      <Popover className="popover" placement={placement ?? "bottom start"} offset={4}>
        <ListBox className="menu" items={options}>
          {(option) => (
            <ListBoxItem className="menu-item" id={option.id} textValue={option.name}>
              {option.icon}
              <span className="menu-text">{option.name}</span>
              {option.id === value && <CheckIcon className="menu-check" />}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
