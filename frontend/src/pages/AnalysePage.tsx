/** Drop a recording, watch it being analysed, then walk through it. */
import { useEffect, useState } from "react";
import { faces as readFaces, FINISHED, type FaceTrack } from "../api/analysis";
import type { ServerInfo } from "../api/request";
import { DropZone } from "../components/DropZone";
import { AffectPlane } from "../components/AffectPlane";
import { EmotionBars } from "../components/EmotionBars";
import { People } from "../components/People";
import { Player } from "../components/Player";
import { StreamWeights } from "../components/StreamWeights";
import { SummaryPanel } from "../components/SummaryPanel";
import { Timeline } from "../components/Timeline";
import { indexAt, isAvailable, labelsOf, subjectsOf } from "../lib/estimate";
import { percent } from "../lib/format";
import { strings } from "../strings";
import type { Analyses, Entry } from "./useAnalyses";

const FORMATS = ["html", "csv", "json"] as const;

export function AnalysePage({
  analyses,
  server,
}: {
  analyses: Analyses;
  server: ServerInfo | null;
}) {
  const [chosen, setChosen] = useState<number | null>(null);
  const { entries } = analyses;
  const entry = entries.find((each) => each.key === chosen) ?? entries[0];
  const add = (file: File) => {
    analyses.add(file);
    setChosen(null); // the newest
  };
  return (
    <>
      <DropZone accepted={server?.accepted ?? []} onFile={add} />
      {entries.length > 0 && (
        <ul className="card entries" aria-label={strings.analyses}>
          {entries.map((each) => (
            <EntryRow
              key={each.key}
              entry={each}
              shown={each === entry}
              onShow={() => setChosen(each.key)}
              onCancel={() => analyses.cancel(each.key)}
              onForget={() => analyses.forget(each.key)}
            />
          ))}
        </ul>
      )}
      {entry?.analysis && <Walk key={entry.key} entry={entry} />}
    </>
  );
}

interface RowProps {
  entry: Entry;
  shown: boolean;
  onShow: () => void;
  onCancel: () => void;
  onForget: () => void;
}

function EntryRow({ entry, shown, onShow, onCancel, onForget }: RowProps) {
  const { analysis, failure, sent, name } = entry;
  const state = analysis?.state;
  const over = failure !== "" || (state !== undefined && FINISHED.includes(state));
  const share = analysis ? analysis.progress : sent;
  const text =
    failure || analysis?.error || (state ? strings.state[state] : strings.uploading(percent(sent)));
  return (
    <li className={shown ? "shown" : ""}>
      <button type="button" className="link" aria-pressed={shown} onClick={onShow}>
        {name}
      </button>
      <span
        className={failure || state === "failed" ? "failure" : ""}
        role={failure || state === "failed" ? "alert" : "status"}
      >
        {text}
      </span>
      {!over && <progress value={share} max={1} aria-label={`${strings.progress}, ${name}`} />}
      <button
        type="button"
        onClick={over ? onForget : onCancel}
        aria-label={`${over ? strings.remove : strings.cancel}, ${name}`}
      >
        {over ? strings.remove : strings.cancel}
      </button>
    </li>
  );
}

function Walk({ entry }: { entry: Entry }) {
  const { analysis } = entry;
  const [position, setPosition] = useState(0);
  const [seeks, setSeeks] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [faces, setFaces] = useState<FaceTrack | null>(null);
  const done = analysis?.state === "done";
  const id = analysis?.id;

  useEffect(() => {
    // Without them the player shows no boxes; everything else is there.
    if (done && id) void readFaces(id).then(setFaces, () => undefined);
  }, [done, id]);

  if (!analysis) return null;
  const seek = (time: number) => {
    setPosition(time);
    setSeeks((count) => count + 1);
  };
  const subjects = subjectsOf(analysis.estimates.filter(isAvailable));
  const subject = chosen !== null && subjects.includes(chosen) ? chosen : null;
  const estimates =
    subject === null
      ? analysis.estimates
      : analysis.estimates.filter((each) => each.subject === subject);
  const labels = labelsOf(estimates);
  const reached = estimates.slice(0, indexAt(estimates, position) + 1);
  const current = reached.at(-1);
  const end = analysis.duration ?? estimates.at(-1)?.time ?? 1;
  return (
    <div className="walk">
      <People
        subjects={subjects}
        chosen={subject}
        onChoose={(each) => setChosen(each === subject ? null : each)}
      />
      <section className="card picture" aria-label={strings.player}>
        <Player
          url={entry.url}
          estimates={analysis.estimates}
          faces={faces}
          position={position}
          seeks={seeks}
          onPosition={setPosition}
        />
      </section>
      <section className="card">
        <h2>{current?.emotion ?? "–"}</h2>
        <EmotionBars estimate={current} labels={labels} />
        <h2>{strings.streams}</h2>
        <StreamWeights estimate={current} />
      </section>
      <section className="card">
        <h2>{strings.affectTitle}</h2>
        <AffectPlane estimates={reached} labels={labels} />
      </section>
      <section className="card wide">
        <Timeline estimates={estimates} start={0} end={end} position={position} onSeek={seek} />
      </section>
      {analysis.summary && (
        <section className="card wide" aria-label={strings.summary}>
          <h2>{strings.summary}</h2>
          <SummaryPanel summary={analysis.summary} onSeek={seek} />
          <p className="downloads">
            {FORMATS.map((format) => (
              <a key={format} href={`/api/analyses/${analysis.id}/report.${format}`} download>
                {strings.reports[format]}
              </a>
            ))}
          </p>
        </section>
      )}
    </div>
  );
}
