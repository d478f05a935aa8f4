import type { RefObject } from "react";
import {
  Autocomplete,
  Input,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField,
  useFilter,
  type PopoverProps,
  type Selection,
} from "react-aria-components";
import { texts } from "../texts";
import { CheckIcon } from "./icons";
import type { Option } from "./Picker";

export type Placement = NonNullable<PopoverProps["placement"]>;

interface Props {
  readonly trigger: RefObject<HTMLButtonElement | null>;
  readonly label: string;
  readonly options: readonly Option[];
  readonly chosen: readonly string[];
  readonly placement?: Placement | undefined;
  readonly onPick?: ((id: string) => void) | undefined;
  readonly onMany?: ((ids: readonly string[]) => void) | undefined;
  readonly onClose: () => void;
}

/** More than these are found by typing instead of looking. */
const FEW = 10;

/** The list of a picker, while it is open. */
export default function PickerMenu(props: Props) {
  const { trigger, label, options, placement = "bottom start", onClose } = props;
  const { contains } = useFilter({ sensitivity: "base" });
  return (
    <Popover
      className="popover"
      triggerRef={trigger}
      isOpen
      onOpenChange={(open) => !open && onClose()}
      placement={placement}
      offset={4}
      aria-label={label}
    >
      {options.length <= FEW ? (
        <Options {...props} autoFocus />
      ) : (
        <Autocomplete filter={contains}>
          <SearchField className="menu-search" aria-label={texts.find} autoFocus>
            <Input className="menu-search-input" placeholder={texts.find} />
          </SearchField>
          <Options {...props} />
        </Autocomplete>
      )}
    </Popover>
  );
}

function Options({ label, options, chosen, onPick, onMany, onClose, autoFocus = false }: Props & { readonly autoFocus?: boolean }) {
  const select = (keys: Selection) => {
    const ids = keys === "all" ? options.map(({ id }) => id) : [...keys].map(String);
    if (onMany) onMany(ids);
    const [id] = ids;
    if (onPick && id !== undefined) {
      onPick(id);
      onClose();
    }
  };
  return (
    <ListBox
      className="menu"
      aria-label={label}
      items={options}
      selectionMode={onMany ? "multiple" : "single"}
      disallowEmptySelection={!onMany}
      escapeKeyBehavior="none"
      selectedKeys={chosen}
      onSelectionChange={select}
      autoFocus={autoFocus}
      renderEmptyState={() => <p className="menu-empty">{texts.nothingFound}</p>}
      dependencies={[chosen]}
    >
      {(option) => (
        <ListBoxItem
          className="menu-item"
          id={option.id}
          textValue={option.name}
          // The chosen one again is a choice, too: the menu has done its work. (As the list's action it would take Enter
          // away from choosing another one.)
          onPress={() => !onMany && chosen.includes(option.id) && onClose()}
        >
          {({ isSelected }) => (
            <>
              {option.icon}
              <span className="menu-text">{option.name}</span>
              {isSelected && <CheckIcon className="menu-check" />}
              {option.hint && <span className="menu-hint">{option.hint}</span>}
            </>
          )}
        </ListBoxItem>
      )}
    </ListBox>
  );
}
