import { describe, expect, test } from "vitest";
import { openOf, shareOut, sorted, type Load } from "../src/domain/team";

const counts = (open: number, closed = 0) => ({ new: 0, open, in_progress: 0, waiting: 0, resolved: 0, closed });

function load(id: number, name: string, open: number, active = true): Load {
  const agent = { id, name, username: name.toLowerCase(), role: "agent", active } as const;
  return { agent, online: false, counts: counts(open), open };
}

test("what is resolved or closed is no work any more", () => {
  expect(openOf(counts(3, 20))).toBe(3);
});

describe("sorting", () => {
  const team = [load(1, "Lee", 2), load(2, "Dana", 2), load(3, "Sam", 9), load(4, "Gone", 0, false), load(5, "Left", 1, false)];
  const names = (order: "load" | "name") => sorted(team, order).map(({ agent }) => agent.name);
  test("by load, equal ones by name; the disabled only while they have work", () => {
    expect(names("load")).toEqual(["Sam", "Dana", "Lee", "Left"]);
  });
  test("by name", () => {
    expect(names("name")).toEqual(["Dana", "Lee", "Left", "Sam"]);
  });
});

describe("sharing out", () => {
  test("whoever has least gets next, so that all end up alike", () => {
    const given = shareOut([1, 2, 3, 4, 5], [{ id: 7, open: 3 }, { id: 8, open: 0 }]);
    expect(given.get(8)).toEqual([1, 2, 3, 5]);
    expect(given.get(7)).toEqual([4]);
  });
  test("everything goes to somebody, exactly once", () => {
    const customers = Array.from({ length: 50 }, (_, index) => index);
    const given = shareOut(customers, [{ id: 1, open: 4 }, { id: 2, open: 90 }, { id: 3, open: 0 }]);
    expect([...given.values()].flat().sort((a, b) => a - b)).toEqual(customers);
    expect(given.has(2)).toBe(false);
  });
});
