import { describe, expect, it } from "vitest";
import { advance, advanceThrough } from "../src/domain/customer";
import { action, customer } from "./examples";

describe("a customer moves on", () => {
  it("with what an action changed, inner fields on their own", () => {
    const changes = {
      status: { from: "open", to: "waiting" },
      "fields.plan": { from: "gold", to: null },
      "fields.city": { from: null, to: "Riga" },
    };
    const next = action(32, { kind: "update", version: 8, changes, created_at: "2026-11-24T11:00:00Z" });
    expect(advance(customer(), next)).toEqual(
      customer({
        status: "waiting",
        fields: { city: "Riga" },
        version: 8,
        offset: 32,
        updated_at: "2026-11-24T11:00:00Z",
      }),
    );
  });

  it("with a comment only by its offset", () => {
    expect(advance(customer(), action(32, { version: 7 }))).toEqual(customer({ offset: 32 }));
  });

  it("neither twice nor over a hole", () => {
    const now = customer();
    expect(advance(now, action(31))).toBe(now);
    expect(advanceThrough(now, [action(30), action(31), action(33)])).toBe(now);
    expect(advanceThrough(now, [action(31), action(32, { version: 7 }), action(33, { version: 7 })]).offset).toBe(33);
  });
});
