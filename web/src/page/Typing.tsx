import type { Company } from "../domain/company";
import { texts } from "../texts";
import { useWorkplace } from "./hooks";

/** Who is typing; its line is always there, so that nothing jumps. */
export function Typing({ company }: { readonly company: Company }) {
  const { me } = useWorkplace();
  const names = [...company.typing.values()].filter(({ agent }) => agent.id !== me.id).map(({ agent }) => agent.name);
  return (
    <p className="typing" role="status" data-testid="typing">
      {names.length > 0 && texts.feed.typing(names)}
    </p>
  );
}
