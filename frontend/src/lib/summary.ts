/** Summary of a run, as the server works it out: means weigh each estimate by its time. */

export interface Moment {
  time: number;
  subject: string;
  emotion: string;
  confidence: number;
}

export interface Summary {
  estimates: number;
  /** Seconds for which the estimates stand. */
  duration: number;
  /** Share of the time with an estimate. */
  available: number;
  /** Share of the time with one that is not withheld. */
  coverage: number;
  emotion: string | null;
  shares: Record<string, number>;
  transitions: { before: string; after: string; count: number }[];
  flips_per_minute: number | null;
  strongest: Moment[];
  mean_confidence: number | null;
  mean_valence: number | null;
  mean_arousal: number | null;
  mean_intensity: number | null;
  mean_audio_weight: number | null;
  mean_video_weight: number | null;
}
