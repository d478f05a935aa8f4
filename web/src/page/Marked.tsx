import type { Stretch } from "../domain/highlight";

/** A text with some of it marked. */
export function Marked({ stretches }: { readonly stretches: readonly Stretch[] }) {
  return stretches.map(({ text, hit }, index) => {
    // The stretches of one text never move, so their place is a sound key.
    const key = index;
    return hit ? <mark key={key}>{text}</mark> : text;
  });
}
