/** What a run came to: share of time an emotion, transitions, strongest moments, means. */
import { clock, percent, signed } from "../lib/format";
import { markOf } from "../lib/palette";
import type { Summary } from "../lib/summary";
import { strings } from "../strings";

/** Kinds of transitions that are listed. */
const SHOWN = 6;

interface Props {
  summary: Summary;
  onSeek?: (time: number) => void;
  /** How a time is written; a session's are times of day. */
  timeText?: (time: number) => string;
}

export function SummaryPanel({ summary, onSeek, timeText = clock }: Props) {
  const labels = Object.keys(summary.shares);
  const shares = Object.entries(summary.shares)
    .filter(([, share]) => share > 0)
    .sort((a, b) => b[1] - a[1]);
  const transitions = summary.transitions.slice(0, SHOWN);
  return (
    <div className="summary">
      <section>
        <h3>{strings.shareOfTime}</h3>
        <ul className="shares">
          {shares.map(([emotion, part]) => {
            const mark = markOf(emotion, labels);
            return (
              <li key={emotion}>
                <span className="name">
                  <span className="shape" aria-hidden="true" style={{ color: mark.color }}>
                    {mark.shape}
                  </span>
                  {emotion}
                </span>
                <span className="track" aria-hidden="true">
                  <span style={{ width: `${100 * part}%`, background: mark.color }} />
                </span>
                <span className="value">{percent(part)}</span>
              </li>
            );
          })}
        </ul>
      </section>
      <section>
        <h3>{strings.strongest}</h3>
        <ul className="moments">
          {summary.strongest.map((moment) => {
            const mark = markOf(moment.emotion, labels);
            const text = `${timeText(moment.time)} ${moment.emotion} ${percent(moment.confidence)}`;
            return (
              <li key={`${moment.time} ${moment.emotion}`}>
                <span className="shape" aria-hidden="true" style={{ color: mark.color }}>
                  {mark.shape}
                </span>
                {onSeek ? (
                  <button type="button" className="link" onClick={() => onSeek(moment.time)}>
                    {text}
                  </button>
                ) : (
                  text
                )}
              </li>
            );
          })}
        </ul>
      </section>
      <section>
        <h3>{strings.transitions}</h3>
        <ul>
          {transitions.length === 0 && <li>{strings.noTransitions}</li>}
          {transitions.map(({ before, after, count }) => (
            <li key={`${before} ${after}`}>{strings.transition(before, after, count)}</li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{strings.mean}</h3>
        <dl>
          <Figure name={strings.valence} value={signed(summary.mean_valence)} />
          <Figure name={strings.arousal} value={signed(summary.mean_arousal)} />
          <Figure
            name={strings.confidence}
            value={summary.mean_confidence === null ? "–" : percent(summary.mean_confidence)}
          />
          <Figure name={strings.available} value={percent(summary.available)} />
          <Figure name={strings.coverage} value={percent(summary.coverage)} />
          <Figure
            name={strings.flips}
            value={summary.flips_per_minute === null ? "–" : summary.flips_per_minute.toFixed(1)}
          />
        </dl>
      </section>
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
