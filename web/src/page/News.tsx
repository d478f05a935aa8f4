import { useEffect, useState } from "react";
import type { Notice } from "../domain/inbox";
import { noticeText, texts } from "../texts";
import { ring } from "./desktop";
import { useAgents, useWorkplace } from "./hooks";
import { navigate, noticePath } from "./route";

/** Says politely what arrives in the inbox, and shows it on the desktop where the agent looks elsewhere. */
export function News() {
  const workplace = useWorkplace();
  const { nameOf } = useAgents();
  const [said, say] = useState("");
  useEffect(
    () =>
      workplace.inbox.onArrival((notice) => {
        if (workplace.isInView(notice.customer_id)) return;
        const { title, body } = worded(notice, nameOf);
        say(`${title}. ${body}`);
        ring(title, body, `notice-${workplace.me.id}-${notice.offset}`, () => {
          workplace.inbox.read(notice.offset);
          navigate(noticePath(notice.customer_id, notice.action.offset));
        });
      }),
    [workplace, nameOf],
  );
  return (
    <p className="hidden" role="status" data-testid="news">
      {said}
    </p>
  );
}

function worded(notice: Notice, nameOf: (id: number) => string) {
  const about = notice.customer_name ?? texts.inbox.someCustomer;
  return { title: `${notice.action.actor.name} ${noticeText(notice, nameOf)}`, body: notice.action.body ? `${about}: ${notice.action.body}` : about };
}
