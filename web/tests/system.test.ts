import { describe, expect, test } from "vitest";
import { ceiling, extent, lines } from "../src/domain/system";

describe("the top of a chart", () => {
  test.each([
    [[3, 7], 1, 10],
    [[11], 1, 20],
    [[50], 1, 50],
    [[0.03], 0.01, 0.05],
    [[null, 0], 5, 5],
    [[], 1, 1],
    [[1000], 1, 1000],
  ])("%j, at least %d: %d", (series, least, top) => {
    expect(ceiling(series, least)).toBeCloseTo(top);
  });
});

test("the extent leaves out what is not known", () => {
  expect(extent([null, 4, 2, null])).toEqual({ low: 2, high: 4 });
  expect(extent([null, null])).toBeNull();
});

describe("lines", () => {
  test("run from left to right, and high is up", () => {
    expect(lines([0, 5, 10], 10, 100, 40)).toEqual([[[0, 40], [50, 20], [100, 0]]]);
  });
  test("break where nothing is known", () => {
    expect(lines([1, null, 1, 1], 1, 30, 10).map((line) => line.length)).toEqual([2, 2]);
  });
  test("nothing is drawn of nothing", () => {
    expect(lines([null, null], 1, 30, 10)).toEqual([]);
  });
});
