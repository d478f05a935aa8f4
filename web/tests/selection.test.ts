import { describe, expect, it } from "vitest";
import { anchored, extended, NOTHING_SELECTED, released, selected, toggled } from "../src/domain/selection";

const ORDER = [10, 20, 30, 40, 50];
const ids = ({ ids: set }: { ids: ReadonlySet<number> }) => [...set].sort((a, b) => a - b);

describe("picking rows", () => {
  it("takes one in and out, and starts ranges from it", () => {
    const one = toggled(NOTHING_SELECTED, 20);
    expect(ids(one)).toEqual([20]);
    expect(ids(toggled(one, 20))).toEqual([]);
    expect(ids(extended(one, ORDER, 40))).toEqual([20, 30, 40]);
  });

  it("draws a range upwards as well, and again from the same start", () => {
    const range = extended(toggled(NOTHING_SELECTED, 40), ORDER, 20);
    expect(ids(range)).toEqual([20, 30, 40]);
    expect(ids(extended(range, ORDER, 50))).toEqual([20, 30, 40, 50]);
  });

  it("picks the one row where there is no start, or it has left the list", () => {
    expect(ids(extended(NOTHING_SELECTED, ORDER, 30))).toEqual([30]);
    expect(ids(extended(toggled(NOTHING_SELECTED, 99), ORDER, 30))).toEqual([30, 99]);
  });

  it("keeps the start of a range that the keyboard draws", () => {
    const start = anchored(NOTHING_SELECTED, 20);
    expect(anchored(extended(start, ORDER, 30), 30).anchor).toBe(20);
  });

  it("lets go of what is done", () => {
    const all = selected(ORDER);
    expect(ids(released(all, [10, 50]))).toEqual([20, 30, 40]);
    expect(released(all, [1])).toBe(all);
  });
});
