/**
 * The one realtime connection of the page, and the truth about it.
 *
 * `live`: messages come as they happen, by socket or by a stream. `reconnecting`: that is lost and nothing
 * else is known. `fallback`: neither can be had but the server answers HTTP, so everything polls.
 * `connecting` is the first attempt.
 */
import { Centrifuge, UnauthorizedError, type TransportEndpoint } from "centrifuge";
import type { Session } from "../api/session";
import { ProblemError, unreachable } from "../api/problem";
import type { AgentPublication, Problem } from "../domain/model";
import { Store } from "../domain/store";

export type Phase = "connecting" | "live" | "reconnecting" | "fallback";

/** How a live connection travels: by socket, or by one of the streams where sockets are blocked. */
export type Transport = "websocket" | "http_stream" | "sse";

export interface LinkState {
  readonly phase: Phase;
  readonly transport: Transport;
  /** What the last reconnect brought in, for a while. */
  readonly recovered: { readonly count: number } | null;
}

/** Without a socket for this long, the page looks whether HTTP works. */
const PATIENCE_MS = 3_000;
const PROBE_MS = 10_000;
const RECOVERED_SHOWN_MS = 6_000;
const RETURN_MS = 2_000;

type Listener = (notice: AgentPublication, offset: number | undefined) => void;

export class Link {
  readonly state = new Store<LinkState>({ phase: "connecting", transport: "websocket", recovered: null });
  readonly client: Centrifuge;
  private readonly listeners = new Set<Listener>();
  private readonly conflicts = new Map<string, Problem>();
  private probe: ReturnType<typeof setTimeout> | undefined;
  private shown: ReturnType<typeof setTimeout> | undefined;
  private returning: ReturnType<typeof setTimeout> | undefined;
  private terminations = 0;
  private given: string | null = null;
  private wasLive = false;
  private closed = false;

  constructor(
    private readonly session: Session,
    agentId: number,
  ) {
    this.client = new Centrifuge(endpoints(), {
      name: "casewire-page",
      emulationEndpoint: `${location.origin}/emulation`,
      getToken: () => this.token(),
      minReconnectDelay: 300,
      maxReconnectDelay: 8_000,
    });
    this.client.on("connecting", () => this.lost());
    this.client.on("connected", ({ transport }) => this.found(transport as Transport));
    this.client.on("disconnected", ({ code }) => void this.ended(code));
    this.client.on("publication", ({ channel, data, offset }) => {
      if (channel === `agent:${agentId}`) this.hear(data as AgentPublication, offset);
    });
  }

  open(): void {
    this.closed = false;
    this.watchHttp();
    this.client.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.probe);
    clearTimeout(this.shown);
    clearTimeout(this.returning);
    this.client.disconnect();
  }

  get isLive(): boolean {
    return this.state.get().phase === "live";
  }

  /** Calls a method of the server; a refusal is a ProblemError like that of HTTP. */
  async rpc<T>(method: string, data: Readonly<Record<string, unknown>>): Promise<T> {
    try {
      return (await this.client.rpc(method, data)).data as T;
    } catch (error) {
      throw this.asProblem(error, data.command_id);
    }
  }

  /** Listens to what concerns this agent; what is stored has an offset. */
  onNotice(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A room reports how many actions a reconnect brought. */
  caughtUp(count: number): void {
    clearTimeout(this.shown);
    this.state.update((state) => ({ ...state, recovered: { count: (state.recovered?.count ?? 0) + count } }));
    this.shown = setTimeout(
      () => this.state.update((state) => ({ ...state, recovered: null })),
      RECOVERED_SHOWN_MS,
    );
  }

  /** The SDK asks again only when the token it was given has had its day. */
  private async token(): Promise<string> {
    try {
      const token = this.given === null ? await this.session.access() : await this.session.renewed(this.given);
      this.given = token;
      return token;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) throw new UnauthorizedError("signed out");
      throw error;
    }
  }

  private found(transport: Transport): void {
    clearTimeout(this.probe);
    this.terminations = 0;
    this.state.update((state) => ({ ...state, phase: "live", transport }));
    // Whoever was away wants to know what that cost; rooms and the inbox add what they catch up on.
    if (this.wasLive) this.caughtUp(0);
    this.wasLive = true;
  }

  private lost(): void {
    if (this.state.get().phase === "live") {
      this.setPhase("reconnecting");
      this.watchHttp();
    }
  }

  /** An end that the SDK does not come back from: the login is over, or we come back ourselves. */
  private async ended(code: number): Promise<void> {
    if (this.closed) return;
    if (this.wasLive) this.lost();
    try {
      if (this.given !== null) await this.session.renewed(this.given);
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) {
        this.session.end(true);
        return;
      }
    }
    if (code === 0 || this.closed) return;
    this.given = null;
    this.terminations += 1;
    const wait = Math.min(RETURN_MS * 2 ** (this.terminations - 1), 30_000);
    this.returning = setTimeout(() => this.client.connect(), wait);
  }

  private watchHttp(wait = PATIENCE_MS): void {
    clearTimeout(this.probe);
    this.probe = setTimeout(async () => {
      const answered = await fetch("/livez", { cache: "no-store" }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (this.closed || this.isLive) return;
      this.setPhase(answered ? "fallback" : "reconnecting");
      this.watchHttp(answered ? PROBE_MS : PATIENCE_MS);
    }, wait);
  }

  private setPhase(phase: Phase): void {
    this.state.update((state) => (state.phase === phase ? state : { ...state, phase }));
  }

  private hear(notice: AgentPublication, offset: number | undefined): void {
    // The document of a refusal comes just before the refusal itself, which can carry no data.
    if (notice.type === "conflict" && notice.cause === "rejected" && notice.command_id) {
      this.conflicts.set(notice.command_id, notice.problem);
    }
    for (const listener of this.listeners) listener(notice, offset);
  }

  /** What the SDK threw, as the refusal that it stands for. */
  asProblem(error: unknown, commandId: unknown): ProblemError {
    const { code = 0, message = "" } = error as { code?: number; message?: string };
    if (code === 409 && typeof commandId === "string") {
      const problem = this.conflicts.get(commandId);
      this.conflicts.delete(commandId);
      if (problem) return new ProblemError(problem);
    }
    const status = statusOf(code);
    if (status === 0) return unreachable();
    return new ProblemError({ type: `/problems/${message.replaceAll(" ", "-")}`, title: message, status });
  }
}

/** Tried in this order until one works, and that one is kept. */
function endpoints(): TransportEndpoint[] {
  const socket = location.origin.replace(/^http/, "ws");
  return [
    { transport: "websocket", endpoint: `${socket}/connection/websocket` },
    { transport: "http_stream", endpoint: `${location.origin}/connection/http_stream` },
    { transport: "sse", endpoint: `${location.origin}/connection/sse` },
  ];
}

/** Realtime error codes as HTTP statuses; below 100 they are the SDK's own: no answer came. */
function statusOf(code: number): number {
  if (code < 100) return 0;
  const known: Readonly<Record<number, number>> = { 100: 500, 101: 401, 103: 403, 104: 501, 107: 400, 111: 429 };
  return known[code] ?? (code >= 400 ? code : 500);
}
