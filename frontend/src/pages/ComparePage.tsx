/** Two analysed files side by side. */
import { useState } from "react";
import { SummaryPanel } from "../components/SummaryPanel";
import { EmotionStrip } from "../components/EmotionStrip";
import { episodesOf } from "../lib/episodes";
import { labelsOf } from "../lib/estimate";
import { signed } from "../lib/format";
import { markOf } from "../lib/palette";
import { strings } from "../strings";
import type { Analyses, Entry } from "./useAnalyses";

export function ComparePage({ analyses }: { analyses: Analyses }) {
  const done = analyses.entries.filter((each) => each.analysis?.summary);
  const [keys, setKeys] = useState<[number | null, number | null]>([null, null]);
  if (done.length < 2) return <p className="card hint">{strings.compareNeeds}</p>;
  const first = done.find((each) => each.key === keys[0]) ?? done[1];
  const second = done.find((each) => each.key === keys[1]) ?? done[0];
  if (!first || !second) return null;
  return (
    <div className="compare">
      <p className="hint">{strings.compareHint}</p>
      <Side
        name={strings.first}
        entries={done}
        entry={first}
        onChoose={(key) => setKeys([key, second.key])}
      />
      <Side
        name={strings.second}
        entries={done}
        entry={second}
        onChoose={(key) => setKeys([first.key, key])}
      />
      <Differences first={first} second={second} />
    </div>
  );
}

interface SideProps {
  name: string;
  entries: readonly Entry[];
  entry: Entry;
  onChoose: (key: number) => void;
}

function Side({ name, entries, entry, onChoose }: SideProps) {
  const { analysis } = entry;
  if (!analysis?.summary) return null;
  const end = analysis.duration ?? analysis.estimates.at(-1)?.time ?? 1;
  return (
    <section className="card" aria-label={name}>
      <label>
        {name}
        <select value={entry.key} onChange={(event) => onChoose(Number(event.target.value))}>
          {entries.map((each) => (
            <option key={each.key} value={each.key}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      <EmotionStrip
        episodes={episodesOf(analysis.estimates)}
        labels={labelsOf(analysis.estimates)}
        start={0}
        end={end}
      />
      <SummaryPanel summary={analysis.summary} />
    </section>
  );
}

/** Second less first, in points of the share of time. */
function Differences({ first, second }: { first: Entry; second: Entry }) {
  const [a, b] = [first.analysis?.summary, second.analysis?.summary];
  if (!a || !b) return null;
  const labels = [...new Set([...Object.keys(a.shares), ...Object.keys(b.shares)])];
  const rows: [string, number | null][] = [
    ...labels.map((label): [string, number] => [
      label,
      (b.shares[label] ?? 0) - (a.shares[label] ?? 0),
    ]),
    [strings.valence, less(b.mean_valence, a.mean_valence)],
    [strings.arousal, less(b.mean_arousal, a.mean_arousal)],
    [strings.confidence, less(b.mean_confidence, a.mean_confidence)],
  ];
  return (
    <section className="card wide">
      <table>
        <caption>
          {strings.difference}: {second.name} − {first.name}
        </caption>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                {labels.includes(name) && (
                  <span aria-hidden="true" style={{ color: markOf(name, labels).color }}>
                    {markOf(name, labels).shape}{" "}
                  </span>
                )}
                {name}
              </th>
              <td>{signed(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function less(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
