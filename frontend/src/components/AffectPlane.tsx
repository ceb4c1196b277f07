/** Valence against arousal (Russell, 1980, A circumplex model of affect), with a fading trail. */
import type { Estimate } from "../lib/estimate";
import { signed } from "../lib/format";
import { markOf } from "../lib/palette";
import { strings } from "../strings";

const SIZE = 200;
const MARGIN = 14;
const TRAIL = 24; // estimates; six seconds at four a second

interface Props {
  /** In time order; the last one is the present. */
  estimates: readonly Estimate[];
  labels: readonly string[];
}

export function AffectPlane({ estimates, labels }: Props) {
  const known = estimates.filter((each) => each.valence !== null && each.arousal !== null);
  const trail = known.slice(-TRAIL);
  const now = trail.at(-1);
  const points = trail.map(
    (each) => [place(each.valence ?? 0), place(-(each.arousal ?? 0))] as const,
  );
  const text = now
    ? strings.affectNow(signed(now.valence), signed(now.arousal))
    : strings.affectUnknown;
  return (
    <figure className="plane">
      <svg viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={text}>
        <rect x={MARGIN} y={MARGIN} width={SIZE - 2 * MARGIN} height={SIZE - 2 * MARGIN} />
        <path
          className="axis"
          d={`M${MARGIN} ${SIZE / 2}H${SIZE - MARGIN}M${SIZE / 2} ${MARGIN}V${SIZE - MARGIN}`}
        />
        <circle className="axis" cx={SIZE / 2} cy={SIZE / 2} r={SIZE / 2 - MARGIN} />
        <g className="legend" aria-hidden="true">
          <text x={SIZE / 2} y={MARGIN - 3} textAnchor="middle">
            {strings.excited}
          </text>
          <text x={SIZE / 2} y={SIZE - 3} textAnchor="middle">
            {strings.quiet}
          </text>
          <text transform={`translate(${MARGIN - 4} ${SIZE / 2}) rotate(-90)`} textAnchor="middle">
            {strings.unpleasant}
          </text>
          <text
            transform={`translate(${SIZE - MARGIN + 4} ${SIZE / 2}) rotate(90)`}
            textAnchor="middle"
          >
            {strings.pleasant}
          </text>
        </g>
        {points.map(([x, y], index) => {
          const before = points[index - 1];
          if (!before) return null;
          const age = (index + 1) / points.length;
          return (
            <line
              key={index}
              className="trail"
              x1={before[0]}
              y1={before[1]}
              x2={x}
              y2={y}
              strokeOpacity={age * age}
            />
          );
        })}
        {now && (
          <circle
            className="now"
            cx={place(now.valence ?? 0)}
            cy={place(-(now.arousal ?? 0))}
            r="6"
            fill={markOf(now.emotion, labels).color}
          />
        )}
      </svg>
      <figcaption>{text}</figcaption>
    </figure>
  );
}

function place(value: number): number {
  const inside = Math.max(-1, Math.min(1, value));
  return SIZE / 2 + inside * (SIZE / 2 - MARGIN);
}
