/** One colour of a bar, through all bars. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

interface Props {
  /** What it shows, for who does not see it; the numbers themselves are in a table beside it. */
  label: string;
  /** Of each bar. */
  names: readonly string[];
  series: readonly Series[];
  unit: string;
}

const WIDTH = 720;
const HEIGHT = 200;
const PLACE = { left: 46, right: 8, top: 8, bottom: 24 } as const;
const COLOURS = 6;

/** 1, 2 or 5 times a power of ten: what people count in. */
function stepOf(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return (([1, 2, 5].find((one) => one * power >= rough) ?? 10) as number) * power;
}

/**
 * Bars with parts on top of each other, as plain SVG: of the small chart libraries none is smaller than these lines, and the large ones
 * are as large as all pages together.
 */
export function BarChart({ label, names, series, unit }: Props) {
  const totals = names.map((_, bar) => series.reduce((sum, { values }) => sum + (values[bar] ?? 0), 0));
  const most = Math.max(...totals, 0);
  if (most === 0) return null;
  const step = stepOf(most);
  const top = Math.ceil(most / step) * step;
  const [inner, height] = [WIDTH - PLACE.left - PLACE.right, HEIGHT - PLACE.top - PLACE.bottom];
  const y = (value: number) => PLACE.top + height - (value / top) * height;
  const slot = inner / names.length;
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  // As many names as have room.
  const every = Math.ceil(names.length / 10);
  return (
    <figure className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {lines.map((value) => (
          <g key={value}>
            <line className="chart-line" x1={PLACE.left} x2={WIDTH - PLACE.right} y1={y(value)} y2={y(value)} />
            <text className="chart-number" x={PLACE.left - 6} y={y(value) + 4}>
              {value.toLocaleString()}
            </text>
          </g>
        ))}
        {names.map((name, bar) => {
          let below = 0;
          const x = PLACE.left + bar * slot;
          return (
            <g key={name}>
              {series.map(({ name: part, values }, index) => {
                const value = values[bar] ?? 0;
                if (value === 0) return null;
                const from = below;
                below += value;
                return (
                  <rect
                    key={part}
                    className={`chart-${index % COLOURS}`}
                    x={x + slot * 0.14}
                    width={slot * 0.72}
                    y={y(below)}
                    height={y(from) - y(below)}
                  >
                    <title>{`${name}, ${part}: ${value.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${unit}`}</title>
                  </rect>
                );
              })}
              {bar % every === 0 && (
                <text className="chart-name" x={x + slot / 2} y={HEIGHT - 6}>
                  {name}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <figcaption>
        {series.map(({ name }, index) => (
          <span key={name} className="chart-key">
            <i className={`chart-${index % COLOURS}`} aria-hidden="true" />
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
