/** The state of the system as `GET /api/system` tells it, and what its charts are drawn from. */

export const SERIES = [
  "connections",
  "writes_per_second",
  "conflicts_per_second",
  "healing_lag_seconds",
  "requests_per_second",
  "request_p95_seconds",
  "pool_busy",
  "channels",
] as const;
export type SeriesName = (typeof SERIES)[number];

export type Series = readonly (number | null)[];

export interface Reading {
  readonly connections: number;
  readonly channels: number;
  readonly writes_per_second: number;
  readonly conflicts_per_second: number;
  readonly healed_per_second: number;
  readonly healing_lag_seconds: number;
  readonly requests_per_second: number;
  readonly request_p95_seconds: number | null;
  readonly pool_open: number;
  readonly pool_busy: number;
  readonly pool_max: number;
  readonly waiting_writes: number;
}

export interface Process extends Reading {
  readonly node: string;
  readonly pid: number;
  readonly version: string;
  readonly started_at: string;
  readonly redis_connected: boolean;
}

export interface Totals extends Reading {
  readonly agents_online: number;
  readonly redis_connected: number;
  readonly processes: number;
  readonly nodes: number;
  readonly request_p50_seconds: number | null;
  readonly request_p99_seconds: number | null;
}

export interface SystemState {
  readonly complete: boolean;
  readonly redis_seconds: number | null;
  readonly tick_seconds: number;
  /** Seconds since 1970. */
  readonly ends_at: number;
  readonly totals: Totals;
  readonly series: Readonly<Record<SeriesName, Series>>;
  readonly processes: readonly Process[];
}

/** A round number at or above everything: the top of a chart. At least `least`, so that nothing looks like a lot. */
export function ceiling(series: Series, least: number): number {
  const top = Math.max(least, ...series.map((value) => value ?? 0));
  const step = 10 ** Math.floor(Math.log10(top));
  const factor = [1, 2, 5, 10].find((one) => one * step >= top * (1 - 1e-9)) ?? 10;
  return factor * step;
}

/** The lowest and the highest of what is known; null when nothing is. */
export function extent(series: Series): { readonly low: number; readonly high: number } | null {
  const known = series.filter((value) => value !== null);
  return known.length === 0 ? null : { low: Math.min(...known), high: Math.max(...known) };
}

/**
 * The lines of a chart: a path for each stretch without a hole, from left to right, y downwards.
 * A single value is a short level line, so that it can be seen.
 */
export function lines(series: Series, top: number, width: number, height: number): readonly (readonly [number, number])[][] {
  const step = width / Math.max(1, series.length - 1);
  const found: [number, number][][] = [];
  let open: [number, number][] | null = null;
  for (const [index, value] of series.entries()) {
    if (value === null) {
      open = null;
      continue;
    }
    if (!open) found.push((open = []));
    open.push([index * step, height - (Math.min(value, top) / top) * height]);
  }
  return found.map((line) => {
    const [only] = line;
    return line.length === 1 && only ? [[Math.max(0, only[0] - step / 2), only[1]], only] : line;
  });
}
