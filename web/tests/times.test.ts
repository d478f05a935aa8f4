import { expect, it } from "vitest";
import { ago, dayName, shortAge } from "../src/domain/times";

const now = Date.parse("2026-11-24T12:00:00Z");
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

it("says how long ago, in the reader's language", () => {
  expect(ago(before(5), now, "long", "en")).toBe("now");
  expect(ago(before(125), now, "long", "en")).toBe("2 minutes ago");
  expect(ago(before(125), now, "long", "de")).toBe("vor 2 Minuten");
  expect(ago(before(86_400), now, "long", "en")).toBe("yesterday");
});

it("is not thrown by a clock that is a little ahead", () => {
  expect(ago(before(-3), now, "long", "en")).toBe("now");
  expect(shortAge(before(-3), now, "en")).toBe("now");
});

it("is short in lists", () => {
  expect(shortAge(before(125), now, "en")).toBe("2m");
  expect(shortAge(before(3 * 3600), now, "en")).toBe("3h");
  expect(shortAge(before(9 * 86_400), now, "en")).toBe("1w");
});

it("names the year only when it is another one", () => {
  expect(dayName("2026-11-20T12:00:00Z", now, "en-GB")).not.toContain("2026");
  expect(dayName("2025-11-20T12:00:00Z", now, "en-GB")).toContain("2025");
});
