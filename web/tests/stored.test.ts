import { describe, expect, it } from "vitest";
import { Drafts, NO_COMMENT, Stored } from "../src/domain/stored";
import { MemoryShelf } from "./examples";

describe("drafts", () => {
  it("survive, for their agent and customer alone", () => {
    const shelf = new MemoryShelf();
    new Drafts(new Stored(shelf, 7)).keepComment(42, { body: "hello", replyTo: 3 });
    expect(new Drafts(new Stored(shelf, 7)).comment(42)).toEqual({ body: "hello", replyTo: 3 });
    expect(new Drafts(new Stored(shelf, 7)).comment(43)).toEqual(NO_COMMENT);
    expect(new Drafts(new Stored(shelf, 8)).comment(42)).toEqual(NO_COMMENT);
  });

  it("leave nothing behind once they are empty", () => {
    const shelf = new MemoryShelf();
    const drafts = new Drafts(new Stored(shelf, 7));
    drafts.keepEdit(42, { status: { base: "open", value: "closed" } });
    drafts.keepEdit(42, {});
    drafts.keepComment(42, { body: "  ", replyTo: null });
    expect(shelf.length).toBe(0);
  });
});

describe("stored values", () => {
  it("are found by their prefix", () => {
    const stored = new Stored(new MemoryShelf(), 7);
    stored.write("out:a", 1);
    stored.write("out:b", 2);
    stored.write("edit:1", 3);
    expect(stored.names("out:").toSorted()).toEqual(["out:a", "out:b"]);
  });

  it("cost nothing but their survival when the storage refuses", () => {
    const shelf = new MemoryShelf();
    shelf.setItem = () => {
      throw new Error("full");
    };
    const stored = new Stored(shelf, 7);
    expect(() => stored.write("a", 1)).not.toThrow();
    expect(stored.read("a")).toBeNull();
  });

  it("that cannot be read are none", () => {
    const shelf = new MemoryShelf();
    shelf.setItem("casewire:7:a", "{broken");
    expect(new Stored(shelf, 7).read("a")).toBeNull();
  });
});
