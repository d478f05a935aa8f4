import { piecesOf } from "../domain/prose";
import { useAgents } from "./hooks";

/** What somebody wrote, as text. Markup in it stays text; web addresses and mentions become elements. */
export function Prose({ body }: { readonly body: string }) {
  const { byUsername } = useAgents();
  return piecesOf(body).map((piece, index) => {
    // The pieces of one body never move, so their place is a sound key.
    const key = index;
    if (piece.type === "link") {
      return (
        <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
          {piece.text}
        </a>
      );
    }
    if (piece.type === "mention") {
      const agent = byUsername(piece.username);
      return agent ? (
        <span key={key} className="mention" title={agent.name}>
          {piece.text}
        </span>
      ) : (
        piece.text
      );
    }
    return piece.text;
  });
}
