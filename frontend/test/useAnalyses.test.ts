import { act, renderHook, waitFor } from "@testing-library/react";
import { useAnalyses } from "../src/pages/useAnalyses";
import { estimate } from "./estimates";

/** The server, as far as uploads see it. */
class Upload {
  static answer: [number, string] = [202, '{"id": "abc"}'];
  upload: { onprogress?: (event: object) => void } = {};
  onload = () => {};
  status = 0;
  responseText = "";
  open() {}
  abort() {}
  send() {
    this.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 2 });
    [this.status, this.responseText] = Upload.answer;
    queueMicrotask(() => this.onload());
  }
}

class Events {
  static last: Events;
  closed = false;
  listeners = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    Events.last = this;
  }
  addEventListener(name: string, listener: (event: { data: string }) => void) {
    this.listeners.set(name, listener);
  }
  close() {
    this.closed = true;
  }
  say(name: string, data: object) {
    act(() => this.listeners.get(name)?.({ data: JSON.stringify(data) }));
  }
}

beforeEach(() => {
  vi.stubGlobal("XMLHttpRequest", Upload);
  vi.stubGlobal("EventSource", Events);
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = vi.fn();
  Upload.answer = [202, '{"id": "abc"}'];
});
afterEach(() => vi.unstubAllGlobals());

const file = new File(["x"], "a.mp4");

it("follows a file from the upload to its end", async () => {
  const { result } = renderHook(useAnalyses);
  act(() => result.current.add(file));
  await waitFor(() => expect(result.current.entries[0]?.analysis?.state).toBe("queued"));
  expect(Events.last.url).toBe("/api/analyses/abc/events");
  Events.last.say("state", { state: "running", progress: 0 });
  Events.last.say("estimate", estimate(1, "sad"));
  Events.last.say("progress", { progress: 0.5 });
  await waitFor(() => expect(result.current.entries[0]?.analysis?.estimates).toHaveLength(1));
  Events.last.say("estimate", estimate(2, "sad"));
  Events.last.say("end", { state: "done", progress: 1, error: null });
  const analysis = result.current.entries[0]?.analysis;
  expect([analysis?.state, analysis?.progress, analysis?.estimates.length]).toEqual(["done", 1, 2]);
  expect(Events.last.closed).toBe(true);
});

it("shows why a file was refused, in the server's words", async () => {
  Upload.answer = [415, '{"title": "Kind of file", "detail": "this is no video"}'];
  const { result } = renderHook(useAnalyses);
  act(() => result.current.add(file));
  await waitFor(() => expect(result.current.entries[0]?.failure).toBe("this is no video"));
});

it("stops work by DELETE while it runs, and forgets the file when it is removed", async () => {
  const requests: string[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    requests.push(`${init.method} ${path}`);
    return Promise.resolve(new Response(null, { status: 204 }));
  });
  const { result } = renderHook(useAnalyses);
  act(() => result.current.add(file));
  await waitFor(() => expect(result.current.entries[0]?.analysis).not.toBeNull());
  act(() => result.current.cancel(1));
  expect(requests).toEqual(["DELETE /api/analyses/abc"]);
  Events.last.say("end", { state: "cancelled", progress: 0.2 });
  act(() => result.current.forget(1));
  expect(result.current.entries).toEqual([]);
  expect(URL.revokeObjectURL).toHaveBeenCalledWith("blob:x");
});
