import { Button } from "./Button";

interface Props {
  readonly title: string;
  readonly hint?: string;
  readonly action?: string;
  readonly onAction?: () => void;
}

/** A sentence in the middle of an otherwise empty place. */
export function Notice({ title, hint, action, onAction }: Props) {
  return (
    <div className="notice" role="status">
      <p className="notice-title">{title}</p>
      {hint && <p className="notice-hint">{hint}</p>}
      {action && onAction && (
        <Button className="button" onPress={onAction}>
          {action}
        </Button>
      )}
    </div>
  );
}
