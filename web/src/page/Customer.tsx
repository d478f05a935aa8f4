import { useEffect, useMemo, useState } from "react";
import { fieldsOnTheirWay, foreseen } from "../domain/command";
import { viewers } from "../domain/company";
import type { Customer as CustomerModel } from "../domain/model";
import type { RoomState } from "../live/room";
import type { Place } from "../live/workplace";
import { texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { Composer } from "./Composer";
import { ConflictDialog } from "./ConflictDialog";
import { Details } from "./Details";
import { Feed } from "./Feed";
import { useStore, useWorkplace } from "./hooks";
import { BackIcon } from "./icons";
import { useJump } from "./jump";
import { Notice } from "./Notice";
import { useTitle } from "./title";
import { Typing } from "./Typing";

interface Props {
  readonly id: number;
  /** The action that the address points at. */
  readonly action: number | null;
  readonly onBack: () => void;
}

export default function Customer({ id, action, onBack }: Props) {
  const workplace = useWorkplace();
  const place = useMemo(() => workplace.place(id), [workplace, id]);
  useEffect(() => workplace.enter(place), [workplace, place]);
  const { room } = place;
  const state = useStore(room.state);
  const pending = useStore(workplace.outbox.pending);
  const { phase, customer } = state;

  if (phase === "gone") return <Notice title={texts.customer.gone} action={texts.customer.back} onAction={onBack} />;
  if (phase === "revoked") {
    const { revoked, revokedHint, back } = texts.customer;
    return <Notice title={revoked} hint={revokedHint} action={back} onAction={onBack} />;
  }
  if (phase === "failed" && state.items.length === 0) {
    return <Notice title={texts.customer.failed} action={texts.tryAgain} onAction={() => room.retry()} />;
  }
  if (!customer) return <div className="loading" role="status" aria-label={texts.customer.loading} />;

  const shown = foreseen(customer, pending);
  return (
    <Desktop place={place} state={state} shown={shown} saving={fieldsOnTheirWay(id, pending)} action={action} onBack={onBack} />
  );
}

interface DesktopProps {
  readonly place: Place;
  readonly state: RoomState;
  readonly shown: CustomerModel;
  readonly saving: ReadonlySet<string>;
  readonly action: number | null;
  readonly onBack: () => void;
}

type Tab = "activity" | "details";

/** The keys of what a tab hides. */
const TAB_KEYS: Readonly<Record<Tab, string>> = { activity: "c", details: "e s p a" };

function Desktop({ place, state, shown, saving, action, onBack }: DesktopProps) {
  const { me } = useWorkplace();
  const [tab, setTab] = useState<Tab>("activity");
  const { room, desk, pad } = place;
  const others = viewers(state.company, me.id);
  useTitle(shown.name);
  useJump(place.room, state.items, action);
  return (
    <article className="customer" aria-label={shown.name} data-testid="customer" data-customer-id={shown.id} data-tab={tab}>
      <header className="customer-head">
        <Button className="icon-button back-button" aria-label={texts.customer.back} onPress={onBack}>
          <BackIcon />
        </Button>
        <h1 className="customer-name">{shown.name}</h1>
        <span className="customer-ref">{shown.ref}</span>
        {others.length > 0 && (
          <div className="viewers" role="img" aria-label={texts.customer.viewing(others.map(({ name }) => name))} data-testid="viewers">
            {others.slice(0, 5).map((person) => (
              <Avatar key={person.id} person={person} />
            ))}
          </div>
        )}
        <div className="tabs">
          {(["activity", "details"] as const).map((name) => (
            <Button key={name} className="tab" aria-pressed={tab === name} aria-keyshortcuts={TAB_KEYS[name]} onPress={() => setTab(name)}>
              {texts.customer[name]}
            </Button>
          ))}
        </div>
      </header>
      <div className="customer-body">
        <section className="talk" aria-label={texts.customer.activity}>
          <Feed room={room} pad={pad} state={state} />
          <Typing company={state.company} />
          <Composer room={room} pad={pad} />
        </section>
        <Details desk={desk} customer={shown} company={state.company} saving={saving} />
      </div>
      <ConflictDialog desk={desk} room={room} />
    </article>
  );
}
