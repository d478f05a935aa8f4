import { describe, expect, it } from "vitest";
import { firstUnread, hasOlder, holeAfter, layOut, mergeActions, unseenBy } from "../src/domain/feed";
import { action, dana, lee } from "./examples";

const offsets = (items: readonly { readonly offset: number }[]) => items.map(({ offset }) => offset);

describe("mergeActions", () => {
  it("keeps each offset once and in order, whatever the order of arrival", () => {
    const known = [action(3), action(4)];
    const merged = mergeActions(known, [action(6), action(4), action(2), action(5), action(6)]);
    expect(offsets(merged)).toEqual([2, 3, 4, 5, 6]);
  });

  it("returns the same list when nothing is news, so that nothing is drawn again", () => {
    const known = [action(1), action(2)];
    expect(mergeActions(known, [action(2), action(1)])).toBe(known);
  });

  it("does not replace a known action", () => {
    const known = [action(1, { body: "first" })];
    expect(mergeActions(known, [action(1, { body: "second" }), action(2)])[0]?.body).toBe("first");
  });
});

describe("holes and ends", () => {
  it("finds the first hole", () => {
    expect(holeAfter([action(4), action(5), action(8)])).toBe(5);
    expect(holeAfter([action(4), action(5)])).toBeNull();
    expect(holeAfter([])).toBeNull();
  });

  it("knows whether there is older history", () => {
    expect(hasOlder([action(2)])).toBe(true);
    expect(hasOlder([action(1)])).toBe(false);
    expect(hasOlder([])).toBe(false);
  });
});

describe("what was not seen", () => {
  const items = [action(1), action(2, { actor: lee }), action(3), action(4, { actor: lee })];

  it("is what others did after the last look", () => {
    expect(offsets(unseenBy(items, dana.id, 2))).toEqual([4]);
    expect(offsets(unseenBy(items, dana.id, 0))).toEqual([2, 4]);
  });

  it("begins after the read mark, if at all", () => {
    expect(firstUnread(items, dana.id, 1)).toBe(2);
    expect(firstUnread(items, dana.id, 4)).toBeNull();
    expect(firstUnread(items, dana.id, Infinity)).toBeNull();
  });
});

describe("layOut", () => {
  it("puts a line before each day and before the first unread action", () => {
    const items = [
      action(1, { created_at: "2026-11-23T10:00:00Z" }),
      action(2, { created_at: "2026-11-24T10:00:00Z" }),
      action(3, { created_at: "2026-11-24T10:01:00Z" }),
    ];
    expect(layOut(items, 3).map(({ type }) => type)).toEqual(["day", "comment", "day", "comment", "unread", "comment"]);
  });

  it("joins comments of one author within five minutes, but not answers", () => {
    const items = [
      action(1, { created_at: "2026-11-24T10:00:00Z" }),
      action(2, { created_at: "2026-11-24T10:04:00Z" }),
      action(3, { created_at: "2026-11-24T10:05:00Z", reply_to: 1 }),
      action(4, { created_at: "2026-11-24T10:30:00Z" }),
      action(5, { created_at: "2026-11-24T10:31:00Z", actor: lee }),
    ];
    const comments = layOut(items, null).filter((entry) => entry.type === "comment");
    expect(comments.map(({ continued }) => continued)).toEqual([false, true, false, false, false]);
  });

  it("gathers what one agent changes at a time", () => {
    const items = [
      action(1, { kind: "status_change" }),
      action(2, { kind: "assignment" }),
      action(3, { kind: "update", actor: lee }),
    ];
    const events = layOut(items, null).filter((entry) => entry.type === "events");
    expect(events.map(({ actions }) => offsets(actions))).toEqual([[1, 2], [3]]);
  });

  it("shows a comment as it reads after its edits, and its deletion", () => {
    const items = [
      action(1, { body: "helo" }),
      action(2, { body: "gone" }),
      action(3, { kind: "comment_edited", reply_to: 1, body: "hello" }),
      action(4, { kind: "comment_deleted", reply_to: 2, body: null }),
    ];
    const comments = layOut(items, null).filter((entry) => entry.type === "comment");
    expect(comments.map(({ now }) => now)).toEqual([
      { body: "hello", edited: true, deleted: false },
      { body: null, edited: false, deleted: true },
    ]);
  });
});
