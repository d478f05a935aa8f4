/**
 * Where a room reads from: the socket when there is one, which costs one frame there and one back, else HTTP.
 * A socket that breaks meanwhile is no failure: HTTP is asked then.
 */
import type { Calls } from "../api/calls";
import { ProblemError } from "../api/problem";
import type { Action, ActionPage, Customer, RoomPublication } from "../domain/model";
import type { Link } from "./link";

export class Source {
  constructor(
    private readonly link: Link,
    private readonly calls: Calls,
  ) {}

  customer(id: number, signal: AbortSignal): Promise<Customer> {
    return this.either(
      async () => (await this.link.rpc<{ customer: Customer }>("customer.get", { customer_id: id })).customer,
      () => this.calls.customer(id, signal),
    );
  }

  /** The newest actions, newest first. */
  newest(id: number, limit: number, signal: AbortSignal): Promise<ActionPage> {
    return this.either(
      async () => asPage(await this.link.client.history(`customer:${id}`, { limit, reverse: true })),
      () => this.calls.history(id, null, limit, signal),
    );
  }

  /** The actions before an offset, newest first. */
  older(id: number, before: number, epoch: string, limit: number): Promise<ActionPage> {
    return this.either(
      async () =>
        asPage(await this.link.client.history(`customer:${id}`, { limit, reverse: true, since: { offset: before, epoch } })),
      () => this.calls.history(id, before, limit),
    );
  }

  private async either<T>(bySocket: () => Promise<T>, byHttp: () => Promise<T>): Promise<T> {
    if (!this.link.isLive) return byHttp();
    try {
      return await bySocket();
    } catch (error) {
      const refusal = error instanceof ProblemError ? error : this.link.asProblem(error, undefined);
      // What is said about the customer stands; everything else may be the socket's own trouble.
      if (refusal.status === 403 || refusal.status === 404) throw refusal;
      return byHttp();
    }
  }
}

interface HistoryReply {
  readonly publications: readonly { readonly data: unknown }[];
  readonly epoch: string;
  readonly offset: number;
}

function asPage({ publications, epoch, offset }: HistoryReply): ActionPage {
  const items = publications.map(({ data }) => data as RoomPublication).filter(isAction).map(({ action }) => action);
  return { epoch, offset, items };
}

function isAction(publication: RoomPublication): publication is RoomPublication & { readonly type: "action"; readonly action: Action } {
  return publication.type === "action";
}
