import { expect, test } from "vitest";
import { keySheet } from "../src/texts";
import described from "../../docs/page.md?raw";

test("every key of the sheet is described", () => {
  const keys = keySheet("admin").flatMap(({ keys: rows }) => rows.map(([combination]) => combination));
  const missing = keys.flatMap((combination) => combination.split(" ")).filter((key) => !isDescribed(key));
  expect(missing).toEqual([]);
});

test("agents are not told of keys that lead nowhere for them", () => {
  const told = JSON.stringify(keySheet("agent"));
  expect(["G T", "G A", "G S"].filter((key) => told.includes(`"${key}"`))).toEqual([]);
  expect(JSON.stringify(keySheet("supervisor"))).not.toContain('"G A"');
});

function isDescribed(key: string): boolean {
  if (key === "↓" || key === "↑") return described.includes("arrows");
  return described.includes(`\`${key}\``) || described.includes("`Ctrl+Enter`") && (key === "Ctrl" || key === "Enter");
}
