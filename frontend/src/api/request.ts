/** Requests to the server; an answer that is no success becomes an error fit to be shown. */
import { strings } from "../strings";

export class RequestError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export interface ServerInfo {
  version: string;
  token_required: boolean;
  live: boolean;
  accepted: string[];
  max_upload_bytes: number;
  max_duration: number;
  result_lifetime: number;
}

export async function request(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(() => {
    throw new RequestError(strings.failure.offline, 0);
  });
  if (!response.ok) throw problem(response.status, await response.text());
  return response;
}

export async function read<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T;
}

/** The sentence of a problem document (RFC 9457), where there is one. */
export function problem(status: number, body: string): RequestError {
  try {
    const { detail, title } = JSON.parse(body) as { detail?: string; title?: string };
    const text = detail ?? title;
    if (text) return new RequestError(text, status);
  } catch {
    // no JSON: a proxy answered
  }
  return new RequestError(strings.failure.unknown(status), status);
}

export async function login(token: string): Promise<void> {
  await request("/api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
}

/** The token in the address, which is taken out of it at once. */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}
