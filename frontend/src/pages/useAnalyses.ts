/** The files that were analysed while this page is open. The page keeps them; the server forgets. */
import { useCallback, useEffect, useRef, useState } from "react";
import { follow, remove, upload, FINISHED, type Analysis } from "../api/analysis";

export interface Entry {
  key: number;
  name: string;
  /** The visitor's own file, for the player. */
  url: string;
  /** Share of the file that was sent; 1: all. */
  sent: number;
  analysis: Analysis | null;
  failure: string;
}

export interface Analyses {
  entries: Entry[];
  add: (file: File) => void;
  cancel: (key: number) => void;
  forget: (key: number) => void;
}

export function useAnalyses(): Analyses {
  const [entries, setEntries] = useState<Entry[]>([]);
  const stops = useRef(new Map<number, () => void>());
  const keys = useRef(0);

  const change = useCallback(
    (key: number, by: (entry: Entry) => Partial<Entry>) =>
      setEntries((all) => all.map((each) => (each.key === key ? { ...each, ...by(each) } : each))),
    [],
  );

  const add = useCallback(
    (file: File) => {
      const key = ++keys.current;
      const abort = new AbortController();
      stops.current.set(key, () => abort.abort());
      const entry = {
        key,
        name: file.name,
        url: URL.createObjectURL(file),
        sent: 0,
        analysis: null,
        failure: "",
      };
      setEntries((all) => [entry, ...all]);
      upload(file, (sent) => change(key, () => ({ sent })), abort.signal).then(
        (id) => {
          change(key, () => ({ sent: 1, analysis: begun(id, file.name) }));
          const stop = follow(id, (next) =>
            change(key, ({ analysis }) => (analysis ? { analysis: next(analysis) } : {})),
          );
          stops.current.set(key, stop);
        },
        (error: Error) =>
          change(key, () => ({ failure: error.name === "AbortError" ? "" : error.message })),
      );
    },
    [change],
  );

  const entryOf = (key: number) => entries.find((each) => each.key === key);
  const cancel = (key: number) => {
    const id = entryOf(key)?.analysis?.id;
    if (id)
      void remove(id).catch((error: Error) => change(key, () => ({ failure: error.message })));
    else forget(key);
  };
  const forget = (key: number) => {
    const entry = entryOf(key);
    stops.current.get(key)?.();
    stops.current.delete(key);
    if (entry) URL.revokeObjectURL(entry.url);
    if (entry?.analysis && FINISHED.includes(entry.analysis.state))
      void remove(entry.analysis.id).catch(() => undefined); // it may be forgotten there already
    setEntries((all) => all.filter((each) => each.key !== key));
  };

  useEffect(() => () => stops.current.forEach((stop) => stop()), []);
  return { entries, add, cancel, forget };
}

function begun(id: string, name: string): Analysis {
  return {
    id,
    name,
    state: "queued",
    progress: 0,
    position: null,
    media_type: "",
    duration: null,
    estimates: [],
    summary: null,
    error: null,
  };
}
