/** Where the words of a search begin words of a text, as the server's search finds them. */

export interface Stretch {
  readonly text: string;
  readonly hit: boolean;
}

const SEPARATORS = /[\s\p{P}\p{S}]+/u;

/** The words of what was typed, cut where the server cuts. */
export function searchWords(search: string): readonly string[] {
  return [...new Set(search.toLowerCase().split(SEPARATORS).filter((word) => word !== ""))];
}

/** Cuts a text into stretches that match and those that do not; joined they are the text. */
export function highlighted(text: string, words: readonly string[]): readonly Stretch[] {
  if (words.length === 0 || text === "") return [{ text, hit: false }];
  const longestFirst = words.toSorted((a, b) => b.length - a.length).map(escaped);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${longestFirst.join("|")})`, "giu");
  const stretches: Stretch[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) stretches.push({ text: text.slice(end, match.index), hit: false });
    stretches.push({ text: match[0], hit: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) stretches.push({ text: text.slice(end), hit: false });
  return stretches;
}

/** Whether each word begins a word of one of the texts, which is how the server searches. */
export function matchesAll(texts: readonly (string | null)[], words: readonly string[]): boolean {
  const parts = texts.flatMap((text) => (text === null ? [] : searchWords(text)));
  return words.every((word) => parts.some((part) => part.startsWith(word)));
}

function escaped(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
