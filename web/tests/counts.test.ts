import { describe, expect, it } from "vitest";
import { recounted, totalOf, type Counts } from "../src/domain/counts";
import type { Customer } from "../src/domain/model";
import { customer } from "./examples";

const ME = 7;
const counts: Counts = { new: 0, open: 5, in_progress: 1, waiting: 2, resolved: 0, closed: 0 };
const moved = (assignee: string, before: Partial<Customer>, after: Partial<Customer> | null) =>
  recounted(counts, assignee, ME, customer(before), after && customer(after));

describe("counts by status", () => {
  it("follow a customer from status to status", () => {
    expect(moved("me", { status: "open" }, { status: "waiting" })).toMatchObject({ open: 4, waiting: 3 });
    expect(moved("me", { status: "open" }, { status: "open" })).toBe(counts);
  });

  it("follow a customer from agent to agent", () => {
    expect(moved("me", {}, { assigned_to: 8 })).toMatchObject({ open: 4 });
    expect(moved("8", {}, { assigned_to: 8 })).toMatchObject({ open: 6 });
    expect(moved("none", { assigned_to: null }, {})).toMatchObject({ open: 4 });
    expect(moved("all", {}, { assigned_to: 8 })).toBe(counts);
    expect(moved("me", {}, null)).toMatchObject({ open: 4 });
  });

  it("leave the archive out, and never fall below nothing", () => {
    expect(moved("me", {}, { archived: true })).toMatchObject({ open: 4 });
    expect(moved("me", { status: "new" }, { archived: true })).toMatchObject({ new: 0 });
  });

  it("add up", () => {
    expect(totalOf(counts)).toBe(8);
    expect(totalOf(counts, ["open", "waiting"])).toBe(7);
  });
});
