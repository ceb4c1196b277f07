/** One estimate, as the server sends it: see docs/dashboard-api.md. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Estimate {
  time: number;
  subject: string;
  emotion: string | null;
  confidence: number;
  probabilities: Record<string, number>;
  valence: number | null;
  arousal: number | null;
  intensity: number | null;
  audio_weight: number;
  video_weight: number;
  flags: string[];
  face: Box | null;
}

/** Whether there is an estimate at all, and not a note that none is possible. */
export function isAvailable(estimate: Estimate): boolean {
  return Object.keys(estimate.probabilities).length > 0;
}

/** Whether a robot may act on it. */
export function isWithheld(estimate: Estimate): boolean {
  return estimate.flags.includes("WITHHELD");
}

/** The class names of the first estimate that has any, in the model's order. */
export function labelsOf(estimates: readonly Estimate[]): string[] {
  const first = estimates.find(isAvailable);
  return first ? Object.keys(first.probabilities) : [];
}

/** The subjects in the order of their first appearance; "" stands for an unseen person. */
export function subjectsOf(estimates: readonly Estimate[]): string[] {
  return [...new Set(estimates.map((estimate) => estimate.subject))];
}

/** Index of the last estimate at or before `time`; -1 if there is none. Times must ascend. */
export function indexAt(estimates: readonly Estimate[], time: number): number {
  let low = 0;
  let high = estimates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((estimates[middle]?.time ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
