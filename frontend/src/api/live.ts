/** The live view's connection: messages in, one state out, reconnecting after a pause. */
import { useEffect, useState } from "react";
import type { Estimate } from "../lib/estimate";
import type { SeenFace } from "./analysis";

export interface LiveEstimate extends Estimate {
  latency: number;
  model: string;
}

export interface Report {
  name: string;
  level: "ok" | "warn" | "error" | "stale";
  message: string;
  values: Record<string, string>;
}

export interface Heard {
  topic: string;
  state: "missing" | "stale" | "ok" | "redacted";
  rate: number | null;
  silent: number | null;
}

export interface Sound {
  levelDb: number | null;
  columns: number[][];
  /** Number of columns that came before `columns`. */
  before: number;
}

export interface Preview {
  jpeg: Blob;
  image: { width: number; height: number };
  faces: SeenFace[];
}

export interface LiveState {
  connection: "connecting" | "open" | "lost";
  /** Whether a robot is there at all. */
  robot: boolean;
  estimates: LiveEstimate[];
  sound: Sound;
  preview: Preview | null;
  reports: Report[];
  streams: Partial<Record<"emotion" | "image" | "audio", Heard>>;
}

const KEPT_S = 600;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export const NOTHING: LiveState = {
  connection: "connecting",
  robot: true,
  estimates: [],
  sound: { levelDb: null, columns: [], before: 0 },
  preview: null,
  reports: [],
  streams: {},
};

interface Message {
  type: string;
  [field: string]: unknown;
}

/** The state after one message. */
export function afterMessage(state: LiveState, message: Message): LiveState {
  switch (message.type) {
    case "hello":
      return {
        ...state,
        robot: message.live as boolean,
        estimates: message.history as LiveEstimate[],
      };
    case "estimate":
      return {
        ...state,
        estimates: withEstimate(state.estimates, message as unknown as LiveEstimate),
      };
    case "audio": {
      const columns = message.columns as number[][];
      const before = state.sound.before + state.sound.columns.length;
      return { ...state, sound: { levelDb: message.level_dbfs as number, columns, before } };
    }
    case "diagnostics":
      return { ...state, reports: message.reports as Report[] };
    case "status":
      return {
        ...state,
        streams: message as LiveState["streams"],
        ...((message.audio as Heard).state === "ok"
          ? {}
          : { sound: { ...state.sound, levelDb: null } }),
        ...((message.image as Heard).state === "ok" ? {} : { preview: null }),
      };
    case "restart":
      return { ...state, estimates: [] };
    default:
      return state;
  }
}

function withEstimate(estimates: LiveEstimate[], fresh: LiveEstimate): LiveEstimate[] {
  const last = estimates.at(-1);
  if (last && fresh.time < last.time - 1) return [fresh]; // the sensors' clock was set back
  const oldest = fresh.time - KEPT_S;
  const first = estimates[0];
  const kept =
    first && first.time < oldest ? estimates.filter((each) => each.time >= oldest) : estimates;
  return [...kept, fresh];
}

/** A binary message: length of the header, header, JPEG. */
export function previewOf(buffer: ArrayBuffer): Preview {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as Omit<
    Preview,
    "jpeg"
  >;
  return {
    ...header,
    jpeg: new Blob([new Uint8Array(buffer, 4 + length)], { type: "image/jpeg" }),
  };
}

export function useLive(): LiveState {
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    let socket: WebSocket;
    let pause = FIRST_PAUSE_MS;
    let timer = 0;
    const connect = () => {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      socket = new WebSocket(`${scheme}://${location.host}/api/live`);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        pause = FIRST_PAUSE_MS;
        setState((known) => ({ ...known, connection: "open" }));
      };
      socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
        setState((known) =>
          typeof data === "string"
            ? afterMessage(known, JSON.parse(data) as Message)
            : { ...known, preview: previewOf(data) },
        );
      socket.onclose = () => {
        setState((known) => ({
          ...known,
          connection: "lost",
          preview: null,
          sound: NOTHING.sound,
        }));
        timer = window.setTimeout(connect, pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      };
    };
    connect();
    return () => {
      window.clearTimeout(timer);
      socket.onclose = null;
      socket.close();
    };
  }, []);
  return state;
}
