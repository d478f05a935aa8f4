/**
 * Puts two people's versions of a text together, word by word, from what both started with.
 *
 * Where only one of them changed something, the change is taken; where both made the same change, it is
 * taken once; where they changed the same place differently, both versions stand one after the other,
 * for the agent to choose from.
 */
import type { Stretch } from "./highlight";

export interface Merged {
  readonly text: string;
  /** Nobody has to choose: every change was in a place of its own. */
  readonly isClean: boolean;
}

/** Longer texts are not compared word by word. */
const MAX_WORDS = 2_000;

export function mergeText(base: string, theirs: string, yours: string): Merged {
  if (theirs === yours || yours === base) return { text: theirs, isClean: true };
  if (theirs === base) return { text: yours, isClean: true };
  const [old, them, me] = [wordsOf(base), wordsOf(theirs), wordsOf(yours)];
  if (Math.max(old.length, them.length, me.length) > MAX_WORDS) {
    return { text: beside(theirs, yours), isClean: false };
  }
  return weave(old, kept(old, them), kept(old, me), them, me);
}

/** The words of a text that are not those it started from, to mark them. */
export function markChanges(base: string, text: string): readonly Stretch[] {
  const [old, words] = [wordsOf(base), wordsOf(text)];
  if (base === "" || Math.max(old.length, words.length) > MAX_WORDS) return [{ text, hit: false }];
  const same = new Set(kept(old, words).values());
  const stretches: { text: string; hit: boolean }[] = [];
  for (const [index, word] of words.entries()) {
    const hit = !same.has(index);
    const last = stretches.at(-1);
    if (last?.hit === hit) last.text += word;
    else stretches.push({ text: word, hit });
  }
  return stretches;
}

/** Words and what separates them, so that joined they are the text again. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** Goes from one word that both kept to the next; in between are the places that somebody changed. */
function weave(
  old: readonly string[],
  inTheirs: ReadonlyMap<number, number>,
  inMine: ReadonlyMap<number, number>,
  them: readonly string[],
  me: readonly string[],
): Merged {
  const parts: string[] = [];
  let isClean = true;
  let [at, atTheirs, atMine] = [0, 0, 0];
  for (let next = 0; next <= old.length; next += 1) {
    const isEnd = next === old.length;
    const theirNext = isEnd ? them.length : inTheirs.get(next);
    const myNext = isEnd ? me.length : inMine.get(next);
    if (theirNext === undefined || myNext === undefined) continue;
    const was = old.slice(at, next).join("");
    const place = choose(was, them.slice(atTheirs, theirNext).join(""), me.slice(atMine, myNext).join(""));
    parts.push(place.text, isEnd ? "" : (old[next] ?? ""));
    isClean &&= place.isClean;
    [at, atTheirs, atMine] = [next + 1, theirNext + 1, myNext + 1];
  }
  return { text: parts.join(""), isClean };
}

function choose(was: string, theirs: string, mine: string): Merged {
  if (theirs === mine || mine === was) return { text: theirs, isClean: true };
  if (theirs === was) return { text: mine, isClean: true };
  return { text: beside(theirs, mine), isClean: false };
}

function beside(theirs: string, mine: string): string {
  const gap = /\s$/.test(theirs) || /^\s/.test(mine) || theirs === "" || mine === "" ? "" : " ";
  return theirs + gap + mine;
}

/** Which words of `old` are still in `next`, and where: a longest common subsequence. */
function kept(old: readonly string[], next: readonly string[]): ReadonlyMap<number, number> {
  const width = next.length + 1;
  const best = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = next.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      best[here] =
        old[i] === next[j] ? (best[here + width + 1] ?? 0) + 1 : Math.max(best[here + width] ?? 0, best[here + 1] ?? 0);
    }
  }
  const pairs = new Map<number, number>();
  for (let i = 0, j = 0; i < old.length && j < next.length; ) {
    const here = i * width + j;
    if (old[i] === next[j]) pairs.set(i++, j++);
    else if ((best[here + width] ?? 0) >= (best[here + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return pairs;
}
