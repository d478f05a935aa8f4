import { describe, expect, it } from "vitest";
import { markChanges, mergeText } from "../src/domain/merge";

const merged = (base: string, theirs: string, yours: string) => mergeText(base, theirs, yours).text;

const marked = (base: string, text: string) =>
  markChanges(base, text)
    .map((stretch) => (stretch.hit ? `[${stretch.text}]` : stretch.text))
    .join("");

describe("mergeText", () => {
  it("takes both changes where they are in different places", () => {
    expect(mergeText("Acme Ltd", "Acme Holding Ltd", "The Acme Ltd")).toEqual({ text: "The Acme Holding Ltd", isClean: true });
    expect(merged("call before noon, ask for Kim", "call before ten, ask for Kim", "call before noon, ask for Lee")).toBe(
      "call before ten, ask for Lee",
    );
    expect(merged("a b c d e", "a c d e", "a b c d e f")).toBe("a c d e f");
  });

  it("takes a change once that both made", () => {
    expect(mergeText("gold", "silver", "silver")).toEqual({ text: "silver", isClean: true });
    expect(merged("a b c", "x b c", "x b d")).toBe("x b d");
  });

  it("offers both where they changed the same place", () => {
    expect(mergeText("gold", "silver", "bronze")).toEqual({ text: "silver bronze", isClean: false });
    expect(mergeText("Acme Ltd", "Acme Limited", "Acme GmbH")).toEqual({ text: "Acme Limited GmbH", isClean: false });
    expect(mergeText("", "from them", "from me")).toEqual({ text: "from them from me", isClean: false });
  });

  it("is the other's text where one changed nothing", () => {
    expect(merged("a", "a", "b")).toBe("b");
    expect(merged("a", "b", "a")).toBe("b");
    expect(merged("gone", "", "gone")).toBe("");
  });

  it("keeps what stands between the words", () => {
    expect(merged("one\ntwo  three", "one\ntwo  3", "1\ntwo  three")).toBe("1\ntwo  3");
  });

  it("does not compare books", () => {
    const book = "word ".repeat(3_000);
    expect(mergeText(book, `${book}a`, `${book}b`).isClean).toBe(false);
  });
});

describe("markChanges", () => {
  it("marks the words that are new", () => {
    expect(marked("Acme Ltd", "The Acme Ltd (Leeds)")).toBe("[The ]Acme Ltd[ (Leeds)]");
    expect(marked("a b", "a b")).toBe("a b");
    expect(marked("a b", "")).toBe("");
  });

  it("marks nothing where there was nothing", () => {
    expect(marked("", "all new")).toBe("all new");
  });
});
