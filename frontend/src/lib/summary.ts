/** Summary of a run, as the server works it out. */

export interface Moment {
  time: number;
  emotion: string;
  confidence: number;
  valence: number | null;
  arousal: number | null;
}

export interface Summary {
  estimates: number;
  judged: number;
  withheld: number;
  begin: number | null;
  end: number | null;
  emotion: string | null;
  shares: Record<string, number>;
  transitions: { time: number; before: string; after: string }[];
  strongest: Moment[];
  mean_confidence: number | null;
  mean_valence: number | null;
  mean_arousal: number | null;
  mean_audio_weight: number | null;
  mean_video_weight: number | null;
}

/** How often each emotion gave way to each other one, most frequent first. */
export function countTransitions(
  summary: Summary,
): { before: string; after: string; count: number }[] {
  const counts = new Map<string, { before: string; after: string; count: number }>();
  for (const { before, after } of summary.transitions) {
    const key = `${before}\n${after}`;
    const known = counts.get(key) ?? { before, after, count: 0 };
    known.count += 1;
    counts.set(key, known);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
