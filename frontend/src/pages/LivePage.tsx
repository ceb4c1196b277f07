/** What the robot sees and hears now. */
import { useMemo, useState } from "react";
import { useLive, type LiveEstimate, type LiveState } from "../api/live";
import { AffectPlane } from "../components/AffectPlane";
import { CameraView } from "../components/CameraView";
import { EmotionBars } from "../components/EmotionBars";
import { HealthList } from "../components/HealthList";
import { People } from "../components/People";
import { StreamWeights } from "../components/StreamWeights";
import { Timeline } from "../components/Timeline";
import { VoiceMeter } from "../components/VoiceMeter";
import { captionAt } from "../lib/caption";
import { isAvailable, isWithheld, labelsOf, subjectsOf } from "../lib/estimate";
import { flagText, strings } from "../strings";

const SPANS_MIN = [1, 2, 5, 10];
/** Without a new estimate for so long, the one shown is called old, s. */
const STALE_S = 2;
/** A person who has not been judged for so long has no tab any more, s. */
const GONE_S = 5;
/** Flags that call for somebody; the others are ordinary. */
const ALARMING = new Set(["AUDIO_STALE", "VIDEO_STALE"]);

export function LivePage() {
  const live = useLive();
  const [chosen, setChosen] = useState<string | null>(null);
  const [span, setSpan] = useState(1);
  const [frozen, setFrozen] = useState<LiveEstimate[] | null>(null);

  const newest = live.estimates.at(-1);
  const recent = live.estimates.filter((each) => newest && each.time > newest.time - GONE_S);
  const subjects = subjectsOf(recent.filter(isAvailable));
  const subject = chosen !== null && subjects.includes(chosen) ? chosen : (subjects.at(-1) ?? "");
  // Pictures and sound come ten times a second: what hangs on estimates alone is kept meanwhile.
  // Whoever is there alone has the whole timeline: a person who was lost is counted anew.
  const alone = subjects.length <= 1;
  const own = useMemo(
    () => live.estimates.filter((each) => alone || each.subject === subject || !isAvailable(each)),
    [live.estimates, subject, alone],
  );
  const current = own.at(-1);
  const labels = useMemo(() => labelsOf(live.estimates), [live.estimates]);
  const drawn = useMemo(() => lastSeconds(frozen ?? own, 60 * span), [frozen, own, span]);
  return (
    <>
      <Status live={live} current={current} />
      <People subjects={subjects} chosen={subject} onChoose={setChosen} />
      <div className="live-grid">
        <section className="card picture" aria-label={strings.camera}>
          <CameraView
            preview={live.preview}
            redacted={live.streams.image?.state === "redacted"}
            caption={(each) => captionAt(live.estimates, each)}
          />
        </section>
        <section className="card">
          <h2>{strings.emotion}</h2>
          <EmotionBars estimate={current} labels={labels} />
          <h2>{strings.streams}</h2>
          <StreamWeights estimate={current} />
        </section>
        <section className="card">
          <h2>{strings.affectTitle}</h2>
          <AffectPlane estimates={own} labels={labels} />
        </section>
        <section className="card">
          <h2>{strings.voiceTitle}</h2>
          <VoiceMeter
            sound={live.sound}
            redacted={live.streams.audio?.state === "redacted"}
            speech={
              current !== undefined && isAvailable(current) && !current.flags.includes("NO_SPEECH")
            }
          />
        </section>
        <section className="card wide">
          <div className="toolbar">
            <div role="group" aria-label={strings.span}>
              {SPANS_MIN.map((minutes) => (
                <button
                  key={minutes}
                  type="button"
                  aria-pressed={span === minutes}
                  onClick={() => setSpan(minutes)}
                >
                  {strings.minutes(minutes)}
                </button>
              ))}
            </div>
            <button
              type="button"
              aria-pressed={frozen !== null}
              onClick={() => setFrozen(frozen ? null : own)}
            >
              {frozen ? strings.resume : strings.pause}
            </button>
          </div>
          <Timeline estimates={drawn} start={0} end={60 * span} />
        </section>
        <section className="card wide">
          <h2>{strings.health}</h2>
          <HealthList reports={live.reports} />
        </section>
      </div>
    </>
  );
}

/** The estimates of the last `length` seconds, their times counted from the left edge. */
function lastSeconds(estimates: readonly LiveEstimate[], length: number): LiveEstimate[] {
  const origin = (estimates.at(-1)?.time ?? 0) - length;
  return estimates
    .filter((each) => each.time >= origin)
    .map((each) => ({ ...each, time: each.time - origin }));
}

function Status({ live, current }: { live: LiveState; current: LiveEstimate | undefined }) {
  const lines: { text: string; bad: boolean }[] = [];
  if (live.connection !== "open")
    lines.push({ text: strings.connection[live.connection], bad: live.connection === "lost" });
  else if (!live.robot) lines.push({ text: strings.connection.noRobot, bad: false });
  else if (!current) lines.push({ text: strings.connection.waiting, bad: false });
  const silent = live.streams.emotion?.silent ?? 0;
  if (live.connection === "open" && current && silent > STALE_S)
    lines.push({ text: strings.stale(Math.round(silent)), bad: true });
  else if (current)
    for (const flag of current.flags) lines.push({ text: flagText(flag), bad: ALARMING.has(flag) });
  const withheld = current !== undefined && isWithheld(current);
  return (
    <div className="status">
      <p className={withheld ? "headline withheld" : "headline"} aria-live="polite">
        {current?.emotion ? `${current.emotion}${withheld ? "?" : ""}` : "–"}
      </p>
      <ul>
        {lines.map(({ text, bad }) => (
          <li key={text} className={bad ? "bad" : ""}>
            {text}
          </li>
        ))}
        {current && (
          <li>
            {strings.latency} {Math.round(1000 * current.latency)} ms
          </li>
        )}
      </ul>
    </div>
  );
}
