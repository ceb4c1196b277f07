/** Level of the sound, and its log-mel spectrogram rolling past. */
import { useEffect, useRef } from "react";
import type { Sound } from "../api/live";
import { strings } from "../strings";

/** Quietest level that the meter shows, dB below full scale. */
const FLOOR_DB = -60;

interface Props {
  sound: Sound;
  speech: boolean;
  redacted: boolean;
}

export function VoiceMeter({ sound, speech, redacted }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(0);
  useEffect(() => {
    const total = sound.before + sound.columns.length;
    const fresh = Math.min(sound.columns.length, total - drawn.current);
    drawn.current = total;
    const context = fresh > 0 ? canvas.current?.getContext("2d") : null;
    if (context) sound.columns.slice(-fresh).forEach((column) => drawColumn(context, column));
  }, [sound]);
  if (redacted) return <p className="hint">{strings.redacted}</p>;
  const { levelDb } = sound;
  const share = levelDb === null ? 0 : Math.max(0, Math.min(1, 1 - levelDb / FLOOR_DB));
  const heard = levelDb !== null && speech;
  const text =
    levelDb === null
      ? strings.noSound
      : `${levelDb.toFixed(0)} dB${heard ? `, ${strings.speech}` : ""}`;
  return (
    <div className="voice-meter">
      <div
        className={heard ? "level speech" : "level"}
        role="meter"
        aria-label={strings.voiceLevel}
        aria-valuemin={FLOOR_DB}
        aria-valuemax={0}
        aria-valuenow={Math.max(FLOOR_DB, Math.round(levelDb ?? FLOOR_DB))}
        aria-valuetext={text}
      >
        <span style={{ width: `${100 * share}%` }} />
      </div>
      <canvas ref={canvas} width={240} height={64} role="img" aria-label={strings.spectrogram} />
      <p className="hint">{text}</p>
    </div>
  );
}

/** Move the picture on by one and draw the newest column (0 to 255, low pitch first) at its end. */
function drawColumn(context: CanvasRenderingContext2D, column: readonly number[]): void {
  const { width, height } = context.canvas;
  context.drawImage(context.canvas, -1, 0);
  const step = height / column.length;
  column.forEach((value, index) => {
    context.fillStyle = heat(value / 255);
    context.fillRect(width - 1, height - (index + 1) * step, 1, Math.ceil(step));
  });
}

/** From night blue to yellow, by lightness, so that it reads without colour too. */
function heat(share: number): string {
  return `hsl(${250 - 200 * share} 80% ${8 + 62 * share}%)`;
}
