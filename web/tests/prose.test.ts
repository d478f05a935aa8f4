import { describe, expect, it } from "vitest";
import { mentionAt, piecesOf } from "../src/domain/prose";

const kinds = (body: string) => piecesOf(body).map(({ type, text }) => `${type} ${text}`);

describe("piecesOf", () => {
  it("finds links and mentions, and loses no letter", () => {
    const body = "Ask @dana, see https://example.com/a?b=1. Mail x@y.org";
    const pieces = piecesOf(body);
    expect(pieces.map(({ text }) => text).join("")).toBe(body);
    expect(pieces.filter(({ type }) => type !== "text")).toEqual([
      { type: "mention", text: "@dana", username: "dana" },
      { type: "link", text: "https://example.com/a?b=1", href: "https://example.com/a?b=1" },
      { type: "link", text: "x@y.org", href: "mailto:x@y.org" },
    ]);
  });

  it("tells addresses from mentions", () => {
    expect(kinds("mailto:kim.a+b@mail.example.org")).toEqual(["link mailto:kim.a+b@mail.example.org"]);
    expect(kinds("@dana.k@x")).toEqual(["mention @dana.k", "text @x"]);
    expect(kinds("write to kim@localhost")).toEqual(["text write to kim@localhost"]);
  });

  it("makes links of nothing that could run", () => {
    const body = "javascript:alert(1) data:text/html,x vbscript:x file:///etc/x <img src=x onerror=alert(1)>";
    expect(piecesOf(body)).toEqual([{ type: "text", text: body }]);
  });

  it("ends a link before what closes around it", () => {
    expect(piecesOf("(https://example.com/a)")[1]?.text).toBe("https://example.com/a");
  });
});

describe("mentionAt", () => {
  it("sees the mention before the caret", () => {
    expect(mentionAt("hi @da", 6)).toEqual({ start: 3, typed: "da" });
    expect(mentionAt("@", 1)).toEqual({ start: 0, typed: "" });
  });

  it("takes no e-mail address for one", () => {
    expect(mentionAt("x@da", 4)).toBeNull();
    expect(mentionAt("hi @da now", 10)).toBeNull();
  });
});
