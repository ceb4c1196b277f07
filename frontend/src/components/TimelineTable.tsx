/** The estimates as a table: for screen readers, and for whoever wants the numbers. */
import { isAvailable, type Estimate } from "../lib/estimate";
import { clock, percent, signed } from "../lib/format";
import { markOf } from "../lib/palette";
import { flagText, strings } from "../strings";

/** Rows that are shown at most; the newest are kept. */
const ROWS = 200;

interface Props {
  estimates: readonly Estimate[];
  onSeek?: ((time: number) => void) | undefined;
}

export function TimelineTable({ estimates, onSeek }: Props) {
  const shown = estimates.slice(-ROWS);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={strings.views.table}>
      <table>
        <thead>
          <tr>
            {[
              strings.time,
              strings.emotion,
              strings.confidence,
              strings.valence,
              strings.arousal,
              strings.remarks,
            ].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((each) => (
            <tr key={`${each.time} ${each.subject}`}>
              <td>
                {onSeek ? (
                  <button type="button" className="link" onClick={() => onSeek(each.time)}>
                    {clock(each.time, 1)}
                  </button>
                ) : (
                  clock(each.time, 1)
                )}
              </td>
              <td>
                <span aria-hidden="true" style={{ color: markOf(each.emotion).color }}>
                  {markOf(each.emotion).shape}
                </span>{" "}
                {each.emotion || "–"}
              </td>
              <td>{isAvailable(each) ? percent(each.confidence) : "–"}</td>
              <td>{signed(each.valence)}</td>
              <td>{signed(each.arousal)}</td>
              <td>{each.flags.map(flagText).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
