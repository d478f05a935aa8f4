import { ceiling, extent, lines, type Series } from "../domain/system";
import { texts } from "../texts";

interface Props {
  readonly title: string;
  /** The present value, as people say it. */
  readonly now: string;
  readonly hint: string;
  readonly series: Series;
  /** The top of the chart is at least this, so that the smallest stir does not look like a storm. */
  readonly least: number;
  readonly format: (value: number) => string;
  readonly tone: "accent" | "green" | "amber" | "red" | "violet";
  readonly testId?: string;
}

const WIDTH = 240;
const HEIGHT = 56;

/** A number with how it went during the last minutes. What the picture shows is also in its label. */
export function Chart({ title, now, hint, series, least, format, tone, testId }: Props) {
  const top = ceiling(series, least);
  const span = extent(series);
  const drawn = lines(series, top, WIDTH, HEIGHT);
  const told = span ? texts.system.chart(title, now, format(span.low), format(span.high)) : texts.system.chartEmpty(title);
  return (
    <figure className={`chart tone-${tone}`} data-testid={testId}>
      <figcaption>
        <span className="chart-title">{title}</span>
        <span className="chart-now">{now}</span>
        <span className="chart-hint">{hint}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" role="img" aria-label={told}>
        <path className="chart-grid" d={`M0 1H${WIDTH}M0 ${HEIGHT / 2 + 1}H${WIDTH}M0 ${HEIGHT + 1}H${WIDTH}`} />
        {drawn.map((line) => {
          const path = line.map(([x, y]) => `${x.toFixed(1)} ${(y + 1).toFixed(1)}`).join("L");
          const [from, to] = [line[0]?.[0] ?? 0, line.at(-1)?.[0] ?? 0];
          return (
            <g key={path}>
              <path className="chart-area" d={`M${from.toFixed(1)} ${HEIGHT + 1}L${path}L${to.toFixed(1)} ${HEIGHT + 1}Z`} />
              <path className="chart-line" d={`M${path}`} vectorEffect="non-scaling-stroke" />
            </g>
          );
        })}
      </svg>
      <div className="chart-axis" aria-hidden="true">
        <span>{texts.system.before}</span>
        <span>{texts.system.upTo(format(top))}</span>
      </div>
    </figure>
  );
}
