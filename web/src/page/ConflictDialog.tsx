import { Suspense } from "react";
import type { Desk } from "../live/desk";
import type { Room } from "../live/room";
import { useStore } from "./hooks";
import { later } from "./overlays";

const ConflictModal = later(() => import("./ConflictModal"));

interface Props {
  readonly desk: Desk;
  readonly room: Room;
}

export function ConflictDialog({ desk, room }: Props) {
  const { asking } = useStore(desk.state);
  // The room's news decide what is in conflict, so the dialog follows it, too.
  useStore(room.state);
  if (asking.length === 0) return null;
  return (
    <Suspense fallback={null}>
      <ConflictModal desk={desk} fields={asking} />
    </Suspense>
  );
}
