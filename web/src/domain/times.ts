/** Times in the reader's zone and language. */

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** Keeps what was made for a language: a format takes a hundred times longer to make than to use. */
function once<Format>(make: (locale: string | undefined) => Format): (locale: string | undefined) => Format {
  const made = new Map<string | undefined, Format>();
  return (locale) => {
    const known = made.get(locale);
    if (known !== undefined) return known;
    const format = make(locale);
    made.set(locale, format);
    return format;
  };
}

const relative = {
  long: once((locale) => new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "long" })),
  narrow: once((locale) => new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "narrow" })),
};
const ages = new Map(
  STEPS.map(([unit]) => [
    unit,
    once((locale) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" })),
  ]),
);
const DAY: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long" };
const days = once((locale) => new Intl.DateTimeFormat(locale, DAY));
const daysWithYear = once((locale) => new Intl.DateTimeFormat(locale, { ...DAY, year: "numeric" }));
const clocks = once((locale) => new Intl.DateTimeFormat(locale, { timeStyle: "short" }));
const fullTimes = once((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" }));

/** "2 minutes ago"; under a minute it is "now", which also hides small clock differences. */
export function ago(at: string, now: number, style: "long" | "narrow" = "long", locale?: string): string {
  const passed = now - Date.parse(at);
  const format = relative[style](locale);
  for (const [unit, length] of STEPS) {
    if (passed >= length) return format.format(-Math.floor(passed / length), unit);
  }
  return format.format(0, "second");
}

/** "2m", "3h", "5d": for lists, where a column of times must stay narrow. */
export function shortAge(at: string, now: number, locale?: string): string {
  const passed = Math.max(0, now - Date.parse(at));
  for (const [unit, length] of STEPS) {
    const format = passed < length ? undefined : ages.get(unit);
    if (format) return format(locale).format(Math.floor(passed / length));
  }
  return relative.narrow(locale).format(0, "second");
}

/** "Tuesday, 24 November", with the year when it is another one. */
export function dayName(at: string, now: number, locale?: string): string {
  const date = new Date(at);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? days : daysWithYear)(locale).format(date);
}

/** "10:05". */
export function clock(at: string, locale?: string): string {
  return clocks(locale).format(new Date(at));
}

/** The full date and time, for tooltips. */
export function fullTime(at: string, locale?: string): string {
  return fullTimes(locale).format(new Date(at));
}
