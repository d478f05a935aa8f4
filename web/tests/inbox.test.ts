import { describe, expect, test } from "vitest";
import { EMPTY, hasHole, isRead, markAllRead, marked, markRead, receive, unread, type Inbox, type Notice } from "../src/domain/inbox";
import { action } from "./examples";

const notice = (offset: number): Notice => ({ offset, type: "mentioned", customer_id: 42, action: action(offset) });
const holding = (...offsets: number[]): Inbox => receive(EMPTY, offsets.map(notice));

describe("receiving", () => {
  test("each once, newest first, whatever the order", () => {
    const inbox = receive(holding(2, 1), [notice(3), notice(2)]);
    expect(inbox.items.map(({ offset }) => offset)).toEqual([3, 2, 1]);
    expect(inbox.top).toBe(3);
  });
  test("nothing new is no change", () => {
    const inbox = holding(1, 2);
    expect(receive(inbox, [notice(2)])).toBe(inbox);
  });
  test("a hole is seen, also at the top", () => {
    expect(hasHole(holding(5, 4))).toBe(false);
    expect(hasHole(holding(5, 3))).toBe(true);
    expect(hasHole({ ...holding(5, 4), top: 6 })).toBe(true);
    expect(hasHole(EMPTY)).toBe(false);
  });
});

describe("reading", () => {
  const inbox = { ...holding(4, 3, 2, 1), mark: 1 };
  test("one in the middle counts, and leaves the mark", () => {
    const after = markRead(inbox, 3);
    expect([after.mark, after.read, unread(after)]).toEqual([1, [3], 2]);
    expect([2, 3].map((offset) => isRead(after, offset))).toEqual([false, true]);
  });
  test("closing the gap moves the mark over all that follows", () => {
    const after = markRead(markRead(inbox, 3), 2);
    expect([after.mark, after.read, unread(after)]).toEqual([3, [], 1]);
  });
  test("reading again is no change", () => {
    expect(markRead(inbox, 1)).toBe(inbox);
  });
  test("all of them", () => {
    expect(unread(markAllRead(markRead(inbox, 3)))).toBe(0);
  });
  test("the mark of another window never goes back and swallows what it passes", () => {
    const after = marked(markRead(inbox, 3), 2);
    expect([after.mark, after.read]).toEqual([3, []]);
    expect(marked(after, 1).mark).toBe(3);
  });
  test("many unread ones need not be loaded to be counted", () => {
    expect(unread({ ...holding(500), mark: 100 })).toBe(400);
  });
});
