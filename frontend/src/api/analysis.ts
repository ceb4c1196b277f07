/** One uploaded recording: sent, followed while it is analysed, and taken back. */
import type { Box, Estimate } from "../lib/estimate";
import type { Summary } from "../lib/summary";
import { problem, read, request, RequestError } from "./request";
import { strings } from "../strings";

export type State = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Analysis {
  id: string;
  state: State;
  progress: number;
  position: number | null;
  name: string;
  media_type: string;
  duration: number | null;
  estimates: Estimate[];
  summary: Summary | null;
  error: string | null;
}

export interface SeenFace {
  subject: string;
  box: Box;
  landmarks: [number, number][] | null;
}

export interface FaceTrack {
  image: { width: number; height: number } | null;
  frames: { time: number; faces: SeenFace[] }[];
}

export const FINISHED: readonly State[] = ["done", "failed", "cancelled"];

/** Send a file; the only way in a browser to see how far an upload has come is XMLHttpRequest. */
export function upload(
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sender = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
    sender.upload.onprogress = (event) =>
      event.lengthComputable && onProgress(event.loaded / event.total);
    sender.onload = () =>
      sender.status === 202
        ? resolve((JSON.parse(sender.responseText) as { id: string }).id)
        : reject(problem(sender.status, sender.responseText));
    sender.onerror = () => reject(new RequestError(strings.failure.offline, 0));
    sender.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => sender.abort());
    sender.open("POST", "/api/analyses");
    sender.send(form);
  });
}

/** Follow an analysis until its end. Returns how to stop following. */
export function follow(
  id: string,
  onChange: (change: (analysis: Analysis) => Analysis) => void,
): () => void {
  const events = new EventSource(`/api/analyses/${id}/events`);
  // Estimates of a finished analysis come all at once: they are taken over together.
  let arrived: Estimate[] = [];
  let scheduled = 0;
  const takeOver = () => {
    scheduled = 0;
    const fresh = arrived;
    arrived = [];
    if (fresh.length > 0)
      onChange((analysis) => ({ ...analysis, estimates: [...analysis.estimates, ...fresh] }));
  };
  const on = <T>(name: string, act: (data: T) => void) =>
    events.addEventListener(name, (event) =>
      act(JSON.parse((event as MessageEvent<string>).data) as T),
    );
  on<Estimate>("estimate", (estimate) => {
    arrived.push(estimate);
    scheduled ||= window.setTimeout(takeOver, 50);
  });
  on<Partial<Analysis>>("state", (change) => onChange((analysis) => ({ ...analysis, ...change })));
  on<{ progress: number }>("progress", ({ progress }) =>
    onChange((analysis) => ({ ...analysis, progress })),
  );
  on<Partial<Analysis>>("end", (change) => {
    events.close();
    takeOver();
    onChange((analysis) => ({ ...analysis, ...change }));
  });
  return () => {
    events.close();
    window.clearTimeout(scheduled);
  };
}

export function details(id: string): Promise<Analysis> {
  return read<Analysis>(`/api/analyses/${id}`);
}

export function faces(id: string): Promise<FaceTrack> {
  return read<FaceTrack>(`/api/analyses/${id}/faces`);
}

/** Stop an analysis that runs; forget one that is finished. */
export async function remove(id: string): Promise<void> {
  await request(`/api/analyses/${id}`, { method: "DELETE" });
}
