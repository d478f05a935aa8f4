import { describe, expect, it } from "vitest";
import { MAX_VIEWS, withoutView, withView } from "../src/domain/views";

describe("named views", () => {
  it("have one name and one address each", () => {
    const two = withView(withView([], { name: "A", query: "?q=a" }), { name: "B", query: "?q=b" });
    expect(withView(two, { name: "A", query: "?q=c" })).toEqual([
      { name: "B", query: "?q=b" },
      { name: "A", query: "?q=c" },
    ]);
    expect(withView(two, { name: "C", query: "?q=a" }).map(({ name }) => name)).toEqual(["B", "C"]);
    expect(withoutView(two, "?q=a").map(({ name }) => name)).toEqual(["B"]);
  });

  it("are bounded: the oldest goes", () => {
    let views = withView([], { name: "first", query: "?q=first" });
    for (let i = 0; i < MAX_VIEWS; i += 1) views = withView(views, { name: String(i), query: `?q=${i}` });
    expect(views).toHaveLength(MAX_VIEWS);
    expect(views[0]?.name).toBe("0");
  });
});
