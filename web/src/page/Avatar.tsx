import type { Person } from "../domain/model";

const HUES = 8;

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = words[0]?.at(0) ?? "?";
  return (words.length > 1 ? first + (words.at(-1)?.at(0) ?? "") : first).toUpperCase();
}

/** A person as a small coloured circle. The colour follows the id, so it is the same everywhere. */
export function Avatar({ person, size = "normal" }: { readonly person: Person; readonly size?: "small" | "normal" }) {
  // The stylesheet writes the initials, so that they are no text to read out or to copy.
  return (
    <span
      className={`avatar ${size} hue-${person.id % HUES}`}
      aria-hidden="true"
      title={person.name}
      data-initials={initials(person.name)}
    />
  );
}
