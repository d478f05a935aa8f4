import { Suspense, useRef, useState } from "react";
import { roleNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useMe, useWorkplace } from "./hooks";
import { ChevronIcon } from "./icons";
import { later } from "./overlays";

const AccountMenu = later(() => import("./AccountMenu"));

/** Who is signed in, with what can be done about it. */
export function Account() {
  const { session } = useWorkplace();
  const me = useMe();
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const label = texts.nav.account(me.name, roleNames[me.role]);
  return (
    <>
      <Button ref={trigger} className="account" aria-label={label} aria-haspopup="menu" aria-expanded={open} onPress={() => setOpen(true)}>
        <Avatar person={me} />
        <span className="account-name">{me.name}</span>{" "}
        <span className="account-role">{roleNames[me.role]}</span>
        <ChevronIcon />
      </Button>
      {open && (
        <Suspense fallback={null}>
          <AccountMenu trigger={trigger} label={label} onSignOut={() => void session.logout()} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
