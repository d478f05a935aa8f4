import type { ButtonHTMLAttributes, Ref } from "react";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick" | "disabled"> {
  readonly onPress?: () => void;
  readonly isDisabled?: boolean | undefined;
  readonly ref?: Ref<HTMLButtonElement>;
}

/**
 * The browser's own button, which needs no script to be accessible. The first view is made of these;
 * what overlays need (react-aria) comes later, see `Picker.tsx`.
 */
export function Button({ onPress, isDisabled, type = "button", children, ...rest }: Props) {
  return (
    <button {...rest} type={type} disabled={isDisabled} onClick={onPress && (() => onPress())}>
      {children}
    </button>
  );
}
