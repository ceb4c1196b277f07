/** Runs of the same emotion: what the strip above the timeline shows. */
import { isWithheld, type Estimate } from "./estimate";

export interface Episode {
  emotion: string;
  start: number;
  end: number;
  withheld: boolean;
}

/** How long an estimate counts at most: a longer pause is a gap in the strip. */
const HOLD_S = 1;

/** Join successive estimates with one label; the last of a run holds until the next, or `HOLD_S`. */
export function episodesOf(estimates: readonly Estimate[]): Episode[] {
  const episodes: Episode[] = [];
  estimates.forEach((estimate, index) => {
    const next = estimates[index + 1]?.time ?? estimate.time + HOLD_S / 4;
    const end = Math.min(next, estimate.time + HOLD_S);
    const { emotion } = estimate;
    if (emotion === null || end <= estimate.time) return;
    const last = episodes.at(-1);
    const withheld = isWithheld(estimate);
    const goesOn =
      last !== undefined &&
      last.emotion === emotion &&
      last.withheld === withheld &&
      Math.abs(last.end - estimate.time) < 1e-6;
    if (goesOn) last.end = end;
    else episodes.push({ emotion, start: estimate.time, end, withheld });
  });
  return episodes;
}
