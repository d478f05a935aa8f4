import { describe, expect, it } from "vitest";
import {
  conflictsIn,
  keepMine,
  mergeInto,
  NO_DRAFT,
  readField,
  setField,
  settle,
  takeTheirs,
  toChanges,
} from "../src/domain/draft";
import { action, customer, lee } from "./examples";

const before = customer();
const after = customer({ status: "waiting", fields: { plan: "silver" }, version: 8, offset: 32 });
const theirs = action(32, { kind: "update", actor: lee, changes: { status: { from: "open", to: "waiting" } } });

describe("a draft", () => {
  it("remembers what each field was when its edit began", () => {
    const draft = setField(setField(NO_DRAFT, before, "status", "resolved"), after, "status", "closed");
    expect(draft).toEqual({ status: { base: "open", value: "closed" } });
  });

  it("forgets a wish for what is there already", () => {
    expect(setField(setField(NO_DRAFT, before, "status", "closed"), before, "status", "open")).toEqual({});
  });

  it("reads inner fields, absent ones as null", () => {
    expect(readField(before, "fields.plan")).toBe("gold");
    expect(readField(before, "fields.seats")).toBeNull();
  });

  it("becomes the changes of a request", () => {
    const draft = setField(setField(NO_DRAFT, before, "name", "Acme"), before, "fields.plan", null);
    expect(toChanges(draft)).toEqual({ name: "Acme", fields: { plan: null } });
  });

  it("loses the wishes that came true", () => {
    const draft = setField(setField(NO_DRAFT, before, "status", "waiting"), before, "name", "Acme");
    expect(Object.keys(settle(draft, after))).toEqual(["name"]);
    expect(settle(draft, before)).toBe(draft);
  });
});

describe("a conflict", () => {
  const draft = setField(NO_DRAFT, before, "status", "resolved");

  it("is a field that somebody else changed to something else", () => {
    expect(conflictsIn(draft, after, [theirs])).toEqual([
      {
        field: "status",
        base: "open",
        theirs: "waiting",
        yours: "resolved",
        by: { actor: lee, at: theirs.created_at, offset: 32 },
      },
    ]);
  });

  it("is not one while nobody else touched the field", () => {
    expect(conflictsIn(setField(NO_DRAFT, before, "name", "Acme"), after, [theirs])).toEqual([]);
  });

  it("is not one when both wanted the same", () => {
    expect(conflictsIn(setField(NO_DRAFT, before, "status", "waiting"), after, [theirs])).toEqual([]);
  });

  it("names its author from the server's report when the action is not loaded", () => {
    const report = { field: "status", base: "open", yours: "resolved", theirs: "waiting", actor: lee, offset: 32 };
    expect(conflictsIn(draft, after, [], [report])[0]?.by).toEqual({ actor: lee, at: null, offset: 32 });
    expect(conflictsIn(draft, after, [])[0]?.by).toBeUndefined();
  });

  it("ends by keeping mine, and begins again with the next change", () => {
    const kept = keepMine(draft, after, "status");
    expect(conflictsIn(kept, after, [theirs])).toEqual([]);
    expect(toChanges(kept)).toEqual({ status: "resolved" });
    expect(conflictsIn(kept, customer({ status: "closed" }), [])).toHaveLength(1);
  });

  it("ends by taking theirs", () => {
    expect(takeTheirs(draft, "status")).toEqual({});
  });

  it("ends by a merged text", () => {
    const mine = setField(NO_DRAFT, before, "fields.plan", "gold yearly");
    const merged = mergeInto(mine, after, "fields.plan", "silver yearly");
    expect(conflictsIn(merged, after, [])).toEqual([]);
    expect(toChanges(merged)).toEqual({ fields: { plan: "silver yearly" } });
  });
});
