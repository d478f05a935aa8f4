import { describe, expect, it } from "vitest";
import { asHttp, commandId, fieldsOnTheirWay, foreseen, mayRetry, rebase, type Command, type Pending } from "../src/domain/command";
import { customer } from "./examples";

function update(base: number, changes: Record<string, unknown>): Command {
  return { method: "customer.update", data: { customer_id: 42, base_version: base, changes } };
}

const pending = (command: Command, state: Pending["state"] = "waiting"): Pending => ({
  id: "c",
  command,
  madeAt: "2026-11-24T10:00:00Z",
  state,
});

describe("a command over HTTP", () => {
  it("goes to its address with its id in the body", () => {
    expect(asHttp(update(7, { status: "open" }), "c")).toEqual({
      method: "PATCH",
      path: "/api/customers/42",
      body: { base_version: 7, changes: { status: "open" }, command_id: "c" },
    });
    const comment: Command = { method: "comment.add", data: { customer_id: 42, body: "hi", seen_offset: 3 } };
    expect(asHttp(comment, "c").body).toEqual({ body: "hi", seen_offset: 3, command_id: "c" });
    const edit: Command = { method: "comment.edit", data: { customer_id: 42, offset: 5, body: "ho" } };
    expect(asHttp(edit, "c")).toEqual({
      method: "PATCH",
      path: "/api/customers/42/comments/5",
      body: { body: "ho", command_id: "c" },
    });
  });
});

describe("foreseen", () => {
  it("shows updates on their way, but no refused ones", () => {
    const first = pending(update(7, { status: "closed", fields: { city: "Riga" } }));
    const refused = pending(update(7, { name: "No" }), "refused");
    expect(foreseen(customer(), [first, refused])).toEqual(
      customer({ status: "closed", fields: { plan: "gold", city: "Riga" } }),
    );
  });

  it("is the same object when nothing is on its way", () => {
    const now = customer();
    expect(foreseen(now, [])).toBe(now);
  });
});

describe("rebase", () => {
  const first = update(7, { status: "closed" });

  it("moves a second change of the same field onto the first", () => {
    expect(rebase(update(7, { status: "open" }), first, 9)).toEqual(update(9, { status: "open" }));
  });

  it("moves any change when nobody came in between", () => {
    expect(rebase(update(7, { name: "Acme" }), first, 8)).toEqual(update(8, { name: "Acme" }));
  });

  it("leaves the base where somebody may have changed that field", () => {
    expect(rebase(update(7, { name: "Acme" }), first, 9)).toEqual(update(7, { name: "Acme" }));
  });
});

it("asks again only when the outcome is open", () => {
  expect([0, 429, 500, 503].every(mayRetry)).toBe(true);
  expect([400, 403, 404, 409, 412, 413, 422, 428].some(mayRetry)).toBe(false);
});

it("makes ids that are UUIDs, also where the browser has no randomUUID", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(commandId()).toMatch(uuid);
  const full = crypto.randomUUID;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  expect(commandId()).toMatch(uuid);
  Object.defineProperty(crypto, "randomUUID", { value: full, configurable: true });
});

describe("fields on their way", () => {
  it("are those of this customer's updates that were not refused", () => {
    const list = [
      pending(update(7, { status: "open", fields: { plan: "x" } })),
      pending(update(7, { name: "A" }), "refused"),
      pending({ method: "comment.add", data: { customer_id: 42, body: "hi" } }),
    ];
    expect([...fieldsOnTheirWay(42, list)]).toEqual(["status", "fields.plan"]);
    expect(fieldsOnTheirWay(43, list).size).toBe(0);
  });

  it("carry the id of a deletion in the header, since it has no body", () => {
    const call = asHttp({ method: "comment.delete", data: { customer_id: 42, offset: 3 } }, "c");
    expect(call).toEqual({ method: "DELETE", path: "/api/customers/42/comments/3", headers: { "Idempotency-Key": '"c"' } });
  });
});
