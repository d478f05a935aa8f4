import { describe, expect, it } from "vitest";
import { shiftOf } from "../src/domain/place";

const visible = new Map([
  [3, 2],
  [4, 3],
  [5, 4],
]);

describe("keeping the place", () => {
  it("follows what enters and leaves above", () => {
    expect(shiftOf(visible, [1, 9, 2, 3, 4, 5, 6])).toBe(1);
    expect(shiftOf(visible, [3, 4, 5, 6])).toBe(-2);
    expect(shiftOf(visible, [1, 2, 3, 4, 5, 9])).toBe(0);
  });

  it("does not follow the one row that moves", () => {
    expect(shiftOf(visible, [4, 1, 2, 3, 5, 6])).toBe(0);
    expect(shiftOf(visible, [3, 1, 2, 4, 5, 6])).toBe(0);
    expect(shiftOf(visible, [1, 2, 4, 5, 6, 3])).toBe(-1);
  });

  it("stays where nothing of it is left", () => {
    expect(shiftOf(visible, [7, 8])).toBe(0);
    expect(shiftOf(new Map(), [1])).toBe(0);
  });
});
