/** Following a customer by asking again and again, for when nobody can tell us. */
import { ProblemError } from "../api/problem";
import type { ActionPage } from "../domain/model";

/** The server keeps a question open for so long until there is an answer. */
const WAIT_S = 25;
const RETRY_MS = 3_000;

interface Feed {
  /** The newest known offset. */
  readonly top: () => number;
  readonly ask: (after: number, wait: number, signal: AbortSignal) => Promise<ActionPage>;
  readonly take: (page: ActionPage) => void;
  /** The first answer: what happened before anybody asked. */
  readonly catchUp: (page: ActionPage) => void;
  readonly failed: (error: unknown) => void;
}

export class Poll {
  private running: AbortController | null = null;

  constructor(private readonly feed: Feed) {}

  /** Asks from now on, or not any more. */
  turn(on: boolean): void {
    if (on === (this.running !== null)) return;
    this.running?.abort();
    this.running = on ? new AbortController() : null;
    if (this.running) void this.run(this.running.signal);
  }

  private async run(signal: AbortSignal): Promise<void> {
    let isFirst = true;
    while (!signal.aborted) {
      try {
        const page = await this.feed.ask(this.feed.top(), isFirst ? 0 : WAIT_S, signal);
        if (signal.aborted) return;
        if (isFirst) this.feed.catchUp(page);
        else this.feed.take(page);
        isFirst = false;
      } catch (error) {
        if (signal.aborted) return;
        this.feed.failed(error);
        const wait = error instanceof ProblemError ? error.retryAfter : null;
        await pause(wait ?? RETRY_MS, signal);
      }
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
