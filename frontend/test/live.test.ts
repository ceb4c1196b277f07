import { afterMessage, NOTHING, previewOf, type LiveState } from "../src/api/live";
import { estimate } from "./estimates";

const ok = { topic: "t", state: "ok", rate: 30, silent: 0 };
const after = (state: LiveState, ...messages: { type: string; [field: string]: unknown }[]) =>
  messages.reduce(afterMessage, state);

it("begins with the history that the server sends", () => {
  const state = after(NOTHING, { type: "hello", live: true, history: [estimate(1, "sad")] });
  expect(state.estimates).toHaveLength(1);
  expect(state.robot).toBe(true);
});

it("keeps ten minutes of estimates and no more", () => {
  const messages = Array.from({ length: 3000 }, (_, index) => ({
    type: "estimate",
    ...estimate(1000 + index, "sad"),
  }));
  const { estimates } = after(NOTHING, ...messages);
  expect(estimates.at(-1)?.time).toBe(3999);
  expect(estimates[0]?.time).toBe(3399);
});

it("starts afresh when the sensors' clock is set back or the session begins anew", () => {
  const first = after(NOTHING, { type: "estimate", ...estimate(1000, "sad") });
  expect(
    after(first, { type: "estimate", ...estimate(5, "happy") }).estimates.map(({ time }) => time),
  ).toEqual([5]);
  expect(after(first, { type: "restart", started: 1 }).estimates).toEqual([]);
});

it("counts the columns of the spectrogram, so that each is drawn once", () => {
  const audio = (columns: number[][]) => ({ type: "audio", level_dbfs: -20, columns });
  const state = after(NOTHING, audio([[1], [2]]), audio([[3]]));
  expect(state.sound).toEqual({ levelDb: -20, columns: [[3]], before: 2 });
});

it("shows neither a picture nor a level of a stream that has stopped", () => {
  const preview = { jpeg: new Blob(), image: { width: 4, height: 3 }, faces: [] };
  const state = { ...after(NOTHING, { type: "audio", level_dbfs: -20, columns: [] }), preview };
  const fine = after(state, { type: "status", emotion: ok, image: ok, audio: ok });
  expect([fine.preview, fine.sound.levelDb]).toEqual([preview, -20]);
  const stale = { ...ok, state: "stale" };
  const stopped = after(state, { type: "status", emotion: ok, image: stale, audio: stale });
  expect([stopped.preview, stopped.sound.levelDb]).toEqual([null, null]);
});

it("ignores messages of kinds that it does not know", () => {
  expect(after(NOTHING, { type: "news" })).toBe(NOTHING);
});

it("takes a preview apart: length, header, JPEG", async () => {
  const header = new TextEncoder().encode(
    JSON.stringify({ image: { width: 640, height: 480 }, faces: [] }),
  );
  const bytes = new Uint8Array(4 + header.length + 3);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, 4);
  bytes.set([0xff, 0xd8, 0xff], 4 + header.length);
  const preview = previewOf(bytes.buffer);
  expect(preview.image).toEqual({ width: 640, height: 480 });
  expect([preview.jpeg.size, preview.jpeg.type]).toEqual([3, "image/jpeg"]);
});
