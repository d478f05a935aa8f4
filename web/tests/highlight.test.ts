import { describe, expect, it } from "vitest";
import { highlighted, matchesAll, searchWords } from "../src/domain/highlight";

const marked = (text: string, search: string) =>
  highlighted(text, searchWords(search))
    .map((stretch) => (stretch.hit ? `[${stretch.text}]` : stretch.text))
    .join("");

describe("the words of a search", () => {
  it("are cut at everything that is no letter or digit", () => {
    expect(searchWords("  Acme & co@x-1 acme")).toEqual(["acme", "co", "x", "1"]);
  });

  it("are marked where they begin a word", () => {
    expect(marked("Acme Macme acmeshop", "acme")).toBe("[Acme] Macme [acme]shop");
    expect(marked("o.k@acme.example", "k acm")).toBe("o.[k]@[acm]e.example");
    expect(marked("Jörg Ölmann", "öl")).toBe("Jörg [Öl]mann");
  });

  it("take the longest that fits, and no pattern by what was typed", () => {
    expect(marked("Acme", "a acm")).toBe("[Acm]e");
    expect(marked("a.b (c)", ".* (")).toBe("a.b (c)");
    expect(marked("Acme", "")).toBe("Acme");
  });

  it("must all begin a word of something", () => {
    expect(matchesAll(["Acme Ltd", "AC-1042", null], searchWords("ltd 104"))).toBe(true);
    expect(matchesAll(["Acme Ltd", "AC-1042", null], searchWords("ltd 42"))).toBe(false);
    expect(matchesAll([null], [])).toBe(true);
  });
});
