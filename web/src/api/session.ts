/** The login: an access token in memory, kept fresh by the refresh cookie that scripts cannot see. */
import type { Agent } from "../domain/model";
import { Store } from "../domain/store";
import { ProblemError, problemFrom, unreachable } from "./problem";
import { inTurn } from "./turns";

interface TokenReply {
  readonly access_token: string;
  readonly expires_in: number;
  readonly agent: Agent;
}

export type SessionState =
  | { readonly phase: "resuming" }
  | { readonly phase: "unreachable" }
  | { readonly phase: "signed-out"; readonly ended: boolean }
  | { readonly phase: "signed-in"; readonly agent: Agent };

/** Says that this browser may hold a refresh cookie; without one, asking would only be refused. */
const MAY_RESUME = "casewire:signed-in";

/** A token is replaced this long before it ends. */
const AHEAD_MS = 60_000;
const RETRY_MS = 5_000;

export class Session {
  readonly state = new Store<SessionState>({ phase: "resuming" });
  private token: { readonly text: string; readonly until: number } | null = null;
  private refreshing: Promise<string> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Continues the login of an earlier visit, if its cookie still counts. */
  async resume(): Promise<void> {
    if (!remembered()) {
      this.state.set({ phase: "signed-out", ended: false });
      return;
    }
    this.state.set({ phase: "resuming" });
    try {
      await this.refresh();
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) this.end(false);
      else this.state.set({ phase: "unreachable" });
    }
  }

  async login(username: string, password: string): Promise<void> {
    this.accept(await post("/api/auth/login", { username, password }));
  }

  async logout(): Promise<void> {
    const token = this.token?.text;
    this.end(false);
    await post("/api/auth/logout", undefined, token).catch(() => undefined);
  }

  /** A token that is good for a while. */
  async access(): Promise<string> {
    if (this.token && this.token.until - Date.now() > AHEAD_MS / 2) return this.token.text;
    return this.refresh();
  }

  /** A token other than `used`, which the server did not accept any more. */
  async renewed(used: string): Promise<string> {
    if (this.token && this.token.text !== used) return this.token.text;
    return this.refresh();
  }

  /** The login is over: by the agent's wish, or because the server ended it. */
  end(ended: boolean): void {
    clearTimeout(this.timer);
    this.token = null;
    remember(false);
    this.state.set({ phase: "signed-out", ended });
  }

  /** What the server says of the agent who is signed in; false when that is somebody else. */
  know(agent: Agent): boolean {
    const state = this.state.get();
    if (state.phase !== "signed-in" || state.agent.id !== agent.id) return false;
    // The same again is no news.
    if (state.agent.role !== agent.role || state.agent.name !== agent.name) this.state.set({ phase: "signed-in", agent });
    return true;
  }

  private refresh(): Promise<string> {
    // Refreshing rotates the cookie, so the windows of one browser must take turns.
    this.refreshing ??= inTurn("casewire-refresh", () => post<TokenReply>("/api/auth/refresh"))
      .then((reply) => this.accept(reply))
      .catch((error: unknown) => {
        if (error instanceof ProblemError && error.status === 401 && this.state.get().phase === "signed-in") this.end(true);
        throw error;
      })
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  private accept(reply: TokenReply): string {
    remember(true);
    const lifetime = reply.expires_in * 1000;
    this.token = { text: reply.access_token, until: Date.now() + lifetime };
    this.schedule(Math.max(lifetime - AHEAD_MS, lifetime / 2));
    if (!this.know(reply.agent)) this.state.set({ phase: "signed-in", agent: reply.agent });
    return reply.access_token;
  }

  private schedule(after: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.refresh().catch(() => {
        if (this.state.get().phase === "signed-in") this.schedule(RETRY_MS);
      });
    }, after);
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(MAY_RESUME) !== null;
  } catch {
    // Storage is switched off: the cookie decides.
    return true;
  }
}

function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(MAY_RESUME, "yes");
    else localStorage.removeItem(MAY_RESUME);
  } catch {
    // As above.
  }
}

async function post<T = TokenReply>(path: string, body?: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers,
      credentials: "same-origin",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await problemFrom(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
