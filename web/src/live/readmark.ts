/** Tells the server up to where this agent has read a customer, a moment after the eyes went there. */
import type { Calls } from "../api/calls";
import type { Link } from "./link";

const AFTER_MS = 400;

export class ReadMark {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = 0;
  private sent = 0;

  constructor(
    private readonly customerId: number,
    private readonly link: Link,
    private readonly calls: Calls,
  ) {}

  move(offset: number): void {
    this.wanted = Math.max(this.wanted, offset);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), AFTER_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    const offset = this.wanted;
    if (offset <= this.sent) return;
    this.sent = offset;
    const sent = this.link.isLive
      ? this.link.rpc("read", { customer_id: this.customerId, offset })
      : this.calls.read(this.customerId, offset);
    sent.catch(() => {
      // Not marked: said again with the next mark, or when the connection is back.
      this.sent = 0;
    });
  }
}
