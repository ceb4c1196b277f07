/** The live run so far: summary, timeline, a note, and an export. */
import { useCallback, useEffect, useState } from "react";
import { read, request } from "../api/request";
import { People } from "../components/People";
import { SummaryPanel } from "../components/SummaryPanel";
import { Timeline } from "../components/Timeline";
import type { Estimate } from "../lib/estimate";
import type { Summary } from "../lib/summary";
import { saveAs } from "../lib/saveAs";
import { strings } from "../strings";

interface LiveSession {
  started: number;
  subjects: string[];
  summary: Summary;
  by_subject: Record<string, Summary>;
  estimates: Estimate[];
}

const REFRESH_MS = 5000;

export function SessionPage() {
  const [session, setSession] = useState<LiveSession | null>(null);
  const [failure, setFailure] = useState("");
  const [note, setNote] = useState("");
  const [subject, setSubject] = useState<string | null>(null);
  const refresh = useCallback(
    () =>
      read<LiveSession>("/api/live/session").then(
        (fresh) => {
          setSession(fresh);
          setFailure("");
        },
        (error: Error) => setFailure(error.message),
      ),
    [],
  );
  useEffect(() => {
    void refresh();
    const timer = window.setInterval(() => void refresh(), REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [refresh]);

  if (failure)
    return (
      <p role="alert" className="card failure">
        {failure}
      </p>
    );
  if (!session) return null;
  const summary = (subject === null ? null : session.by_subject[subject]) ?? session.summary;
  const estimates = session.estimates
    .filter((each) => subject === null || each.subject === subject)
    .map((each) => ({ ...each, time: each.time - session.started }));
  const empty = session.estimates.length === 0;
  const again = () =>
    request("/api/live/session", { method: "DELETE" }).then(refresh, (error: Error) =>
      setFailure(error.message),
    );
  const exportJson = () =>
    saveAs(
      "session.json",
      "application/json",
      JSON.stringify({ note, exported: new Date().toISOString(), ...session }, null, 2),
    );
  return (
    <div className="session">
      <p className="hint">{strings.sessionHint}</p>
      <People
        subjects={session.subjects}
        chosen={subject}
        onChoose={(each) => setSubject(each === subject ? null : each)}
      />
      {empty ? (
        <p className="card">{strings.sessionEmpty}</p>
      ) : (
        <>
          <section className="card wide" aria-label={strings.summary}>
            <h2>{strings.summary}</h2>
            <SummaryPanel
              summary={summary}
              timeText={(time) => new Date(1000 * time).toLocaleTimeString()}
            />
          </section>
          <section className="card wide">
            <Timeline
              estimates={estimates}
              start={estimates[0]?.time ?? 0}
              end={estimates.at(-1)?.time ?? 1}
            />
          </section>
        </>
      )}
      <section className="card wide">
        <label>
          {strings.note}
          <textarea
            rows={3}
            value={note}
            placeholder={strings.notePlaceholder}
            onChange={(event) => setNote(event.target.value)}
          />
        </label>
        <p className="downloads">
          <button type="button" disabled={empty} onClick={exportJson}>
            {strings.exportJson}
          </button>
          <a href="/api/live/session.csv" download>
            {strings.exportCsv}
          </a>
          <button type="button" onClick={() => void again()}>
            {strings.again}
          </button>
        </p>
      </section>
    </div>
  );
}
