/** Splits what people write into plain text, links and mentions; the page renders each as an element. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "link"; readonly text: string; readonly href: string }
  | { readonly type: "mention"; readonly text: string; readonly username: string };

// Only http, https and mailto become links, so an address can never run a script.
const PIECE = new RegExp(
  [
    "(https?:\\/\\/[^\\s<>\"']+[^\\s<>\"'.,;:!?)\\]}])",
    "(?<![\\w.+@-])((?:mailto:)?[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\\.[a-z0-9-]+)*\\.[a-z]{2,})(?![\\w@])",
    "((?<![\\w@])@([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9]))",
  ].join("|"),
  "gi",
);

export function piecesOf(body: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of body.matchAll(PIECE)) {
    if (match.index > end) pieces.push({ type: "text", text: body.slice(end, match.index) });
    const [text, link, mail, , username] = match;
    if (link) pieces.push({ type: "link", text, href: text });
    else if (mail) pieces.push({ type: "link", text, href: `mailto:${mail.replace(/^mailto:/i, "")}` });
    else if (username) pieces.push({ type: "mention", text, username });
    end = match.index + text.length;
  }
  if (end < body.length) pieces.push({ type: "text", text: body.slice(end) });
  return pieces;
}

/** The mention that is being typed at the caret: where its `@` is and what follows it. */
export function mentionAt(text: string, caret: number): { readonly start: number; readonly typed: string } | null {
  const match = /(?:^|[^\w@])@([\w.-]*)$/.exec(text.slice(0, caret));
  if (!match) return null;
  const typed = match[1] ?? "";
  return { start: caret - typed.length - 1, typed };
}
