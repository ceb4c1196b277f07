/** Estimates for tests. */
import type { Estimate } from "../src/lib/estimate";

export const LABELS = [
  "neutral",
  "calm",
  "happy",
  "sad",
  "angry",
  "fearful",
  "disgust",
  "surprised",
];

/** An estimate in which `emotion` has 0.65 and each other class 0.05; null: none is available. */
export function estimate(
  time: number,
  emotion: string | null,
  more: Partial<Estimate> = {},
): Estimate {
  const probabilities = emotion
    ? Object.fromEntries(LABELS.map((label) => [label, label === emotion ? 0.65 : 0.05]))
    : {};
  return {
    time,
    subject: "1",
    emotion,
    confidence: emotion ? 0.65 : 0,
    probabilities,
    valence: 0.5,
    arousal: -0.25,
    intensity: null,
    audio_weight: 0.3,
    video_weight: 0.7,
    flags: [],
    face: null,
    ...more,
  };
}
