import { useEffect, useEffectEvent, useRef, useState } from "react";
import { texts } from "../texts";
import { Button } from "./Button";
import { useShortcut } from "./keys";
import { CloseIcon, SearchIcon } from "./icons";

const AFTER_MS = 150;
const KEYS = ["/"] as const;

interface Props {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Searches as one types, a moment after the last letter; the answer to an older text is called off. */
export function ListSearch({ value, onChange }: Props) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const [asked, setAsked] = useState(value);
  if (value !== asked) {
    setAsked(value);
    // The address changed by itself: going back, or a named view.
    if (value !== text.trim()) setText(value);
  }
  const search = useEffectEvent(() => onChange(text.trim()));
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(search, AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  useShortcut(KEYS, () => field.current?.focus());
  return (
    <div className="search" role="search">
      <SearchIcon />
      <input
        className="search-input"
        type="search"
        ref={field}
        aria-label={texts.list.search}
        aria-keyshortcuts="/"
        placeholder={texts.list.searchHint}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setText("")}
      />
      {text === "" ? (
        <kbd className="search-key" aria-hidden="true">
          /
        </kbd>
      ) : (
        <Button className="icon-button" aria-label={texts.list.clearSearch} onPress={() => setText("")}>
          <CloseIcon />
        </Button>
      )}
    </div>
  );
}
