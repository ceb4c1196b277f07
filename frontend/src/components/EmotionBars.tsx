/** The probability of each class as a bar; the most probable one stands out. */
import { isWithheld, type Estimate } from "../lib/estimate";
import { percent } from "../lib/format";
import { markOf } from "../lib/palette";
import { strings } from "../strings";

interface Props {
  estimate: Estimate | undefined;
  labels: readonly string[];
}

export function EmotionBars({ estimate, labels }: Props) {
  if (labels.length === 0) return <p className="hint">{strings.noEstimateYet}</p>;
  return (
    <ul className="bars" aria-label={strings.probabilities}>
      {labels.map((label) => {
        const share = estimate?.probabilities[label] ?? 0;
        const mark = markOf(label, labels);
        const first = estimate?.emotion === label;
        const className = first
          ? estimate && isWithheld(estimate)
            ? "first withheld"
            : "first"
          : "";
        return (
          <li key={label} className={className}>
            <span className="name">
              <span className="shape" style={{ color: mark.color }} aria-hidden="true">
                {mark.shape}
              </span>
              {label}
            </span>
            <span className="track" aria-hidden="true">
              <span style={{ width: `${100 * share}%`, background: mark.color }} />
            </span>
            <span className="value">{percent(share)}</span>
          </li>
        );
      })}
    </ul>
  );
}
