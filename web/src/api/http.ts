/** Requests with the access token; a token that ran out is renewed once. */
import { problemFrom, unreachable } from "./problem";
import type { Session } from "./session";

export interface Ask {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Http {
  constructor(private readonly session: Session) {}

  /** The JSON answer; throws a ProblemError for refusals and when there is no answer. */
  async ask<T>(path: string, ask: Ask = {}): Promise<T> {
    const token = await this.session.access();
    let response = await send(path, ask, token);
    if (response.status === 401) response = await send(path, ask, await this.session.renewed(token));
    if (!response.ok) throw await problemFrom(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
}

async function send(path: string, ask: Ask, token: string): Promise<Response> {
  const headers: Record<string, string> = { ...ask.headers, Authorization: `Bearer ${token}` };
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method: ask.method ?? "GET",
      headers,
      ...(ask.signal && { signal: ask.signal }),
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
    });
  } catch (error) {
    // Called off is no answer wanted; out of time is no answer had.
    if (ask.signal?.aborted && (ask.signal.reason as Error).name !== "TimeoutError") throw error;
    throw unreachable();
  }
}
