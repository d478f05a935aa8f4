import { expect, it } from "vitest";
import * as company from "../src/domain/company";
import { dana, lee } from "./examples";

it("shows each other agent once, however many windows", () => {
  let now = company.joined(company.NOBODY, "a", lee);
  now = company.joined(now, "b", lee);
  now = company.joined(now, "c", dana);
  expect(company.viewers(now, dana.id)).toEqual([lee]);
  now = company.left(now, "a");
  expect(company.viewers(now, dana.id)).toEqual([lee]);
  expect(company.viewers(company.left(now, "b"), dana.id)).toEqual([]);
});

it("forgets typing and editing with the last window", () => {
  let now = company.joined(company.NOBODY, "a", lee);
  now = company.isTyping(now, lee, 0);
  now = company.isEditing(now, { agent: lee, fields: ["status"], base_version: 7, expires_at: "" }, 0);
  now = company.left(now, "a");
  expect([now.typing.size, now.editors.size]).toEqual([0, 0]);
});

it("lets signals run out by themselves", () => {
  let now = company.isTyping(company.NOBODY, lee, 0);
  now = company.isEditing(now, { agent: lee, fields: null, base_version: 7, expires_at: "" }, 0);
  expect(company.expire(now, 1)).toBe(now);
  now = company.expire(now, company.TYPING_MS);
  expect([now.typing.size, now.editors.size]).toEqual([0, 1]);
  expect(company.expire(now, company.EDITING_MS).editors.size).toBe(0);
});
