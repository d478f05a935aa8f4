/** Times in the reader's zone and language. */

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** "2 minutes ago"; under a minute it is "now", which also hides small clock differences. */
export function ago(at: string, now: number, style: "long" | "narrow" = "long", locale?: string): string {
  const passed = now - Date.parse(at);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style });
  for (const [unit, length] of STEPS) {
    if (passed >= length) return format.format(-Math.floor(passed / length), unit);
  }
  return format.format(0, "second");
}

/** "2m", "3h", "5d": for lists, where a column of times must stay narrow. */
export function shortAge(at: string, now: number, locale?: string): string {
  const passed = Math.max(0, now - Date.parse(at));
  for (const [unit, length] of STEPS) {
    if (passed < length) continue;
    const format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" });
    return format.format(Math.floor(passed / length));
  }
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "narrow" }).format(0, "second");
}

/** "Tuesday, 24 November", with the year when it is another one. */
export function dayName(at: string, now: number, locale?: string): string {
  const date = new Date(at);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  const options: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long" };
  return date.toLocaleDateString(locale, sameYear ? options : { ...options, year: "numeric" });
}

/** "10:05". */
export function clock(at: string, locale?: string): string {
  return new Date(at).toLocaleTimeString(locale, { timeStyle: "short" });
}

/** The full date and time, for tooltips. */
export function fullTime(at: string, locale?: string): string {
  return new Date(at).toLocaleString(locale, { dateStyle: "full", timeStyle: "medium" });
}
