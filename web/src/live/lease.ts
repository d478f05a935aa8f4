/** "I am editing these fields": told to the others, renewed while it is true. Courtesy, not a lock. */
import type { Link } from "./link";

const RENEW_MS = 10_000;

export class Lease {
  private timer: ReturnType<typeof setInterval> | undefined;
  private held = "";

  constructor(
    private readonly link: Link,
    private readonly customerId: number,
  ) {}

  /** Holds the lease for these fields; none gives it back. */
  hold(fields: readonly string[], baseVersion: number): void {
    const wanted = fields.length === 0 ? "" : `${baseVersion}:${fields.join()}`;
    if (wanted === this.held) return;
    this.held = wanted;
    clearInterval(this.timer);
    if (wanted === "") {
      this.call("edit.end", {});
      return;
    }
    const begin = () => this.call("edit.begin", { base_version: baseVersion, fields });
    begin();
    this.timer = setInterval(begin, RENEW_MS);
  }

  release(): void {
    this.hold([], 0);
  }

  private call(method: string, data: Readonly<Record<string, unknown>>): void {
    // Without a socket nobody could be told; versions still guard the write.
    if (this.link.isLive) this.link.rpc(method, { customer_id: this.customerId, ...data }).catch(() => undefined);
  }
}
