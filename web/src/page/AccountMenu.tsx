import type { RefObject } from "react";
import { Header, Menu, MenuItem, MenuSection, Popover, Separator } from "react-aria-components";
import { texts, themeNames } from "../texts";
import { useStore } from "./hooks";
import { CheckIcon } from "./icons";
import { keysOpen } from "./keys";
import { chooseTheme, theme, THEMES } from "./theme";

interface Props {
  readonly trigger: RefObject<HTMLButtonElement | null>;
  readonly label: string;
  readonly onSignOut: () => void;
  readonly onClose: () => void;
}

export default function AccountMenu({ trigger, label, onSignOut, onClose }: Props) {
  const chosen = useStore(theme);
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
        <MenuSection
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[chosen]}
          onSelectionChange={(keys) => {
            const picked = THEMES.find((one) => keys !== "all" && keys.has(one));
            if (picked) chooseTheme(picked);
          }}
          shouldCloseOnSelect={false}
        >
          <Header className="menu-title">{texts.nav.theme}</Header>
          {THEMES.map((id) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={themeNames[id]}>
              <span className="menu-text">{themeNames[id]}</span>
              {id === chosen && <CheckIcon className="menu-check" />}
            </MenuItem>
          ))}
        </MenuSection>
        <Separator className="menu-line" />
        <MenuItem className="menu-item" textValue={texts.keys.title} onAction={() => keysOpen.set(true)}>
          <span className="menu-text">{texts.keys.title}</span>
          <kbd>?</kbd>
        </MenuItem>
        <MenuItem className="menu-item" onAction={onSignOut}>
          {texts.nav.signOut}
        </MenuItem>
      </Menu>
    </Popover>
  );
}
