import { describe, expect, it } from "vitest";
import { listingFrom, listingQuery, MY_WORK, placeRow, removeRow, requestQuery, unreadAfter } from "../src/domain/listing";
import type { Row, RowPage } from "../src/domain/model";
import { row } from "./examples";

const ME = 7;
const at = (minute: number) => `2026-11-24T10:${String(minute).padStart(2, "0")}:00.000000Z`;
const rows = (...minutes: number[]): Row[] => minutes.map((minute) => row({ id: minute, updated_at: at(minute) }));
const pages: readonly RowPage[] = [
  { items: rows(50, 40), next_cursor: "a" },
  { items: rows(30, 20), next_cursor: "b" },
];
const ids = (list: readonly RowPage[]) => list.map(({ items }) => items.map(({ id }) => id));

describe("a listing in the address bar", () => {
  it("survives the way there and back", () => {
    const listing = {
      assignee: "none",
      statuses: ["open", "waiting"] as const,
      priorities: ["urgent", "low"] as const,
      unread: true,
      archived: true,
      search: "acme & co",
      sort: "name" as const,
    };
    expect(listingFrom(new URLSearchParams(listingQuery(listing)))).toEqual(listing);
    expect(listingQuery(MY_WORK)).toBe("");
  });

  it("ignores what makes no sense", () => {
    expect(listingFrom(new URLSearchParams("assigned_to=x%27&status=lost,open&sort=evil"))).toEqual({
      ...MY_WORK,
      statuses: ["open"],
    });
  });

  it("asks for everybody's by naming nobody", () => {
    expect(requestQuery({ ...MY_WORK, assignee: "all" }, "c")).toBe("archived=false&sort=-updated_at&cursor=c");
  });
});

describe("placeRow", () => {
  it("moves a changed row to where it belongs", () => {
    const moved = placeRow(pages, row({ id: 20, updated_at: at(55), offset: 32 }), MY_WORK, ME);
    expect(ids(moved)).toEqual([[20, 50, 40], [30]]);
  });

  it("enters a new row between others", () => {
    expect(ids(placeRow(pages, row({ id: 35, updated_at: at(35) }), MY_WORK, ME))).toEqual([
      [50, 40],
      [35, 30, 20],
    ]);
  });

  it("leaves out what belongs to a page that is not loaded", () => {
    expect(ids(placeRow(pages, row({ id: 5, updated_at: at(5) }), MY_WORK, ME))).toEqual(ids(pages));
  });

  it("appends at the end of a list that is loaded to its end", () => {
    const whole = [{ items: rows(50), next_cursor: null }];
    expect(ids(placeRow(whole, row({ id: 5, updated_at: at(5) }), MY_WORK, ME))).toEqual([[50, 5]]);
  });

  it("takes out what does not fit any more", () => {
    const other = row({ id: 40, assigned_to: 8, updated_at: at(40), offset: 32 });
    expect(ids(placeRow(pages, other, MY_WORK, ME))).toEqual([[50], [30, 20]]);
  });

  it("does not go back to an older state", () => {
    const late = row({ id: 50, status: "new", updated_at: at(50), offset: 30 });
    expect(placeRow(pages, late, MY_WORK, ME)).toBe(pages);
  });

  it("lets into a search what matches, and keeps what the server found", () => {
    const search = { ...MY_WORK, search: "acm 1042" };
    expect(ids(placeRow(pages, row({ id: 60, updated_at: at(59) }), search, ME))[0]).toEqual([60, 50, 40]);
    const other = { ...MY_WORK, search: "globex" };
    expect(ids(placeRow(pages, row({ id: 60, updated_at: at(59) }), other, ME))).toEqual(ids(pages));
    expect(ids(placeRow(pages, row({ id: 20, updated_at: at(59), offset: 32 }), other, ME))[0]).toEqual([20, 50, 40]);
  });

  it("keeps among the unread ones what is being read", () => {
    const unread = { ...MY_WORK, unread: true };
    expect(ids(placeRow(pages, row({ id: 50, updated_at: at(50), offset: 32 }), unread, ME))).toEqual(ids(pages));
    expect(ids(placeRow(pages, row({ id: 60, updated_at: at(59) }), unread, ME))).toEqual(ids(pages));
    expect(ids(placeRow(pages, row({ id: 60, updated_at: at(59), unread: 2 }), unread, ME))[0]).toEqual([60, 50, 40]);
  });

  it("knows nothing of priorities that were not asked for", () => {
    const urgent = { ...MY_WORK, priorities: ["urgent"] as const };
    expect(ids(placeRow(pages, row({ id: 50, updated_at: at(50), offset: 32 }), urgent, ME))[0]).toEqual([40]);
  });

  it("sorts names as the server does, without regard to case", () => {
    const named = [{ items: [row({ id: 1, name: "Acme" }), row({ id: 2, name: "zeta" })], next_cursor: null }];
    const placed = placeRow(named, row({ id: 3, name: "Beta" }), { ...MY_WORK, sort: "name" }, ME);
    expect(ids(placed)).toEqual([[1, 3, 2]]);
  });
});

describe("removeRow", () => {
  it("leaves other pages alone", () => {
    const rest = removeRow(pages, 50);
    expect(ids(rest)).toEqual([[40], [30, 20]]);
    expect(rest[1]).toBe(pages[1]);
    expect(removeRow(pages, 1)).toBe(pages);
  });
});

describe("what is unread of a customer that is heard of", () => {
  const heard = row({ offset: 8 });
  it("counts what was missed", () => {
    expect(unreadAfter(row({ offset: 7, unread: 0 }), heard, false)).toBe(1);
    expect(unreadAfter(row({ offset: 5, unread: 2 }), heard, false)).toBe(5);
    expect(unreadAfter(row({ offset: 8, unread: 2 }), heard, false)).toBe(2);
    expect(unreadAfter(undefined, heard, false)).toBe(1);
  });
  it("is nothing after one's own step from all read", () => {
    expect(unreadAfter(row({ offset: 7, unread: 0 }), heard, true)).toBe(0);
    expect(unreadAfter(undefined, heard, true)).toBe(0);
  });
  it("is as much as the server counts where something before it is unread", () => {
    expect(unreadAfter(row({ offset: 7, unread: 3 }), heard, true)).toBe(4);
    expect(unreadAfter(row({ offset: 6, unread: 0 }), heard, true)).toBe(2);
  });
});
