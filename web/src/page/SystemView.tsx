import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SeriesName, SystemState } from "../domain/system";
import { ago, clock, fullTime } from "../domain/times";
import { amount, duration, seriesNames, texts } from "../texts";
import { Button } from "./Button";
import { Chart } from "./Chart";
import { useNow, useWorkplace } from "./hooks";
import { WarnIcon } from "./icons";
import { Notice } from "./Notice";
import { useTitle } from "./title";
import { Scroller, ViewHead } from "./ViewHead";

interface Props {
  readonly onMenu: () => void;
}

const EVERY_MS = 5_000;

/** How all processes together are doing. */
export default function SystemView({ onMenu }: Props) {
  const { calls } = useWorkplace();
  const [asTable, setAsTable] = useState(false);
  const { data, isError, refetch } = useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => calls.system(signal),
    refetchInterval: EVERY_MS,
  });
  useTitle(texts.nav.system);
  const { totals } = data ?? {};
  return (
    <div className="view" data-testid="system">
      <ViewHead
        title={texts.nav.system}
        hint={totals && texts.system.summary(totals.processes, totals.nodes, totals.agents_online)}
        onMenu={onMenu}
      >
        <Button className="button" aria-pressed={asTable} onPress={() => setAsTable(!asTable)}>
          {asTable ? texts.system.asCharts : texts.system.asTable}
        </Button>
      </ViewHead>
      <Scroller className="view-body" label={texts.nav.system}>
        {data && <Health state={data} stale={isError} />}
        {!data && isError && <Notice title={texts.system.failed} action={texts.tryAgain} onAction={() => void refetch()} />}
        {data && (asTable ? <SeriesTable state={data} /> : <Charts state={data} />)}
        {data && <Processes state={data} />}
      </Scroller>
    </div>
  );
}

/** What is not as it should be, above everything. */
function Health({ state, stale }: { readonly state: SystemState; readonly stale: boolean }) {
  const { totals, complete } = state;
  const troubles = [
    stale && texts.system.stale,
    !complete && texts.system.incomplete,
    complete && totals.redis_connected < totals.processes && texts.system.unsubscribed(totals.processes - totals.redis_connected),
    totals.healing_lag_seconds > 5 && texts.system.behind(duration(totals.healing_lag_seconds)),
    totals.pool_busy >= totals.pool_max && texts.system.poolFull,
  ].filter((one) => one !== false);
  return (
    <div className="health" data-ok={troubles.length === 0 || undefined} role="status" data-testid="health">
      {troubles.length === 0 ? (
        <p>
          <span className="health-dot" aria-hidden="true" />
          {texts.system.fine(state.redis_seconds === null ? null : duration(state.redis_seconds))}
        </p>
      ) : (
        troubles.map((trouble) => (
          <p key={trouble}>
            <WarnIcon />
            {trouble}
          </p>
        ))
      )}
    </div>
  );
}

function Charts({ state }: { readonly state: SystemState }) {
  const { totals, series } = state;
  const { chartHints: hints } = texts.system;
  return (
    <div className="charts">
      <Chart {...named("connections")} now={amount(totals.connections)} hint={hints.connections(totals.agents_online)} series={series.connections} least={10} format={amount} tone="accent" />
      <Chart {...named("writes_per_second")} now={amount(totals.writes_per_second)} hint={hints.writes(totals.waiting_writes)} series={series.writes_per_second} least={1} format={amount} tone="green" />
      <Chart {...named("conflicts_per_second")} now={amount(totals.conflicts_per_second * 60)} hint={hints.conflicts} series={series.conflicts_per_second.map((value) => value && value * 60)} least={5} format={amount} tone="amber" />
      <Chart {...named("healing_lag_seconds")} now={time(totals.healing_lag_seconds)} hint={hints.lag} series={series.healing_lag_seconds} least={2} format={duration} tone="violet" />
      <Chart {...named("requests_per_second")} now={amount(totals.requests_per_second)} hint={hints.requests} series={series.requests_per_second} least={5} format={amount} tone="accent" />
      <Chart {...named("request_p95_seconds")} now={time(totals.request_p95_seconds)} hint={hints.times(time(totals.request_p50_seconds), time(totals.request_p99_seconds))} series={series.request_p95_seconds} least={0.05} format={duration} tone="violet" />
      <Chart {...named("pool_busy")} now={`${amount(totals.pool_busy)} / ${amount(totals.pool_max)}`} hint={hints.pool(totals.pool_open)} series={series.pool_busy} least={totals.pool_max} format={amount} tone="green" />
      <Chart {...named("channels")} now={amount(totals.channels)} hint={hints.channels(totals.redis_connected, totals.processes)} series={series.channels} least={10} format={amount} tone="amber" />
    </div>
  );
}

const time = (value: number | null) => (value === null ? texts.system.nothing : duration(value));

function named(name: SeriesName) {
  return { title: seriesNames[name], testId: `chart-${name}` };
}

const COLUMNS = Object.keys(seriesNames) as SeriesName[];

/** The same as the charts show, for whoever reads rather than looks. */
function SeriesTable({ state }: { readonly state: SystemState }) {
  const ticks = state.series.connections.map((_, index) => index).toReversed();
  const at = (index: number) => new Date((state.ends_at - (state.series.connections.length - 1 - index) * state.tick_seconds) * 1000);
  const known = ticks.filter((index) => state.series.connections[index] !== null);
  return (
    <Scroller className="table-frame" label={texts.system.tableCaption}>
      <table className="table" data-testid="series-table">
        <caption className="hidden">{texts.system.tableCaption}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.system.time}</th>
            {COLUMNS.map((name) => (
              <th scope="col" key={name} className="number">
                {seriesNames[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known.map((index) => (
            <tr key={index}>
              <th scope="row">{at(index).toLocaleTimeString()}</th>
              {COLUMNS.map((name) => (
                <td key={name} className="number">
                  {cell(name, state.series[name][index] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

function cell(name: SeriesName, value: number | null): string {
  if (value === null) return texts.system.nothing;
  if (name === "conflicts_per_second") return amount(value * 60);
  return name.endsWith("_seconds") ? duration(value) : amount(value);
}

function Processes({ state }: { readonly state: SystemState }) {
  const now = useNow();
  const { process } = texts.system;
  return (
    <section aria-labelledby="processes">
      <h2 className="section-title" id="processes">
        {texts.system.processes}
      </h2>
      <Scroller className="table-frame" label={texts.system.processes}>
        <table className="table" data-testid="processes">
          <thead>
            <tr>
              <th scope="col">{process.node}</th>
              <th scope="col">{process.started}</th>
              <th scope="col" className="number">{seriesNames.connections}</th>
              <th scope="col" className="number">{seriesNames.writes_per_second}</th>
              <th scope="col" className="number">{seriesNames.requests_per_second}</th>
              <th scope="col" className="number">{seriesNames.request_p95_seconds}</th>
              <th scope="col" className="number">{seriesNames.pool_busy}</th>
              <th scope="col">{process.redis}</th>
            </tr>
          </thead>
          <tbody>
            {state.processes.map((one) => (
              <tr key={`${one.node}-${one.pid}`}>
                <th scope="row">
                  {one.node} <span className="quiet-text">{texts.system.pid(one.pid, one.version)}</span>
                </th>
                <td title={fullTime(one.started_at)}>{now - Date.parse(one.started_at) < 60_000 ? clock(one.started_at) : ago(one.started_at, now)}</td>
                <td className="number">{amount(one.connections)}</td>
                <td className="number">{amount(one.writes_per_second)}</td>
                <td className="number">{amount(one.requests_per_second)}</td>
                <td className="number">{time(one.request_p95_seconds)}</td>
                <td className="number">{`${amount(one.pool_busy)} / ${amount(one.pool_max)}`}</td>
                <td data-bad={!one.redis_connected || undefined}>{one.redis_connected ? texts.system.connected : texts.system.away}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
