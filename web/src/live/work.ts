/** Keeps the loaded lists true: what the server says about a customer goes into every list that shows it. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Calls } from "../api/calls";
import { recounted, type Counts } from "../domain/counts";
import { findRow, placeRow, removeRow, unreadAfter, type Listing } from "../domain/listing";
import type { Customer, Person, Row, RowPage, WorkPublication } from "../domain/model";
import type { Link } from "./link";

export type RowData = InfiniteData<RowPage, string | null>;

export const rowsKey = (listing: Listing) => ["rows", listing] as const;
export const countsKey = (assignee: string) => ["counts", assignee] as const;

/** Counts move with what is heard; where that does not tell enough, they are asked for after this long. */
const COUNT_MS = 5_000;
/** News kept for lists that were being read when they came. */
const KEPT_NEWS = 500;

type Change = (listing: Listing, data: RowData) => readonly RowPage[];

export class Work {
  private counting: ReturnType<typeof setTimeout> | undefined;
  private news: { readonly at: number; readonly change: Change }[] = [];
  private heard = 0;

  constructor(
    private readonly me: number,
    private readonly calls: Calls,
    private readonly queries: QueryClient,
    /** The customer on the screen, whose news count as read. */
    private readonly looking: () => number | null,
    /** Called with a customer that is this agent's work, perhaps again. */
    private readonly given: (id: number) => void,
  ) {}

  /** Follows the agent's own work; returns how to stop. */
  follow(link: Link): () => void {
    const subscription = link.client.newSubscription(`work:${this.me}`);
    subscription.on("publication", ({ data }) => this.receive(data as WorkPublication));
    // Not recoverable: whatever happened before `subscribed` is known only from the list itself.
    subscription.on("subscribed", () => void this.refresh());
    subscription.subscribe();
    return () => {
      clearTimeout(this.counting);
      link.client.removeSubscription(subscription);
    };
  }

  /** A page of a list. What is heard while it is on its way is put into it when it has arrived. */
  async page(listing: Listing, cursor: string | null, signal: AbortSignal): Promise<RowPage> {
    const since = this.heard;
    const page = await this.calls.rows(listing, cursor, signal);
    // One turn later the page is among those that are shown.
    if (this.heard > since) setTimeout(() => this.replay(since), 0);
    return page;
  }

  /** Shows a customer's new state wherever it is listed. */
  show(customer: Customer, unread?: number): void {
    const before = this.row(customer.id);
    if (before && before.offset < customer.offset) this.count(before, customer);
    this.hear((listing, data) => {
      const loaded = findRow(data.pages, customer.id);
      if (loaded && loaded.offset === customer.offset && unread === undefined) return data.pages;
      const row: Row = { ...customer, unread: unread ?? loaded?.unread ?? 0 };
      return placeRow(data.pages, row, listing, this.me);
    });
  }

  /** Everything of a customer has been read. */
  markRead(id: number): void {
    this.eachList((_, { pages }) => {
      const row = findRow(pages, id);
      if (!row || row.unread === 0) return pages;
      const items = (page: RowPage) => page.items.map((item) => (item.id === id ? { ...item, unread: 0 } : item));
      return pages.map((page) => (page.items.includes(row) ? { ...page, items: items(page) } : page));
    });
  }

  /** The loaded row of a customer, in whichever list it is newest. */
  row(id: number): Row | undefined {
    let newest: Row | undefined;
    for (const [, data] of this.queries.getQueriesData<RowData>({ queryKey: ["rows"] })) {
      const row = data && findRow(data.pages, id);
      if (row && (!newest || row.offset > newest.offset)) newest = row;
    }
    return newest;
  }

  private receive(publication: WorkPublication): void {
    switch (publication.type) {
      case "upsert":
        this.upsert(publication.customer, publication.actor);
        break;
      case "remove":
        this.remove(publication.customer);
        break;
      case "refresh":
        void this.refresh();
        break;
    }
  }

  private upsert(customer: Customer, actor: Person): void {
    const loaded = this.row(customer.id);
    if (!loaded) this.recount();
    this.given(customer.id);
    const isRead = this.looking() === customer.id;
    this.show(customer, isRead ? 0 : unreadAfter(loaded, customer, actor.id === this.me));
  }

  private remove({ id }: Pick<Customer, "id">): void {
    const loaded = this.row(id);
    if (!loaded) this.recount();
    else if (loaded.assigned_to === this.me) this.count(loaded, null);
    this.hear((listing, data) => (this.isMine(listing) ? removeRow(data.pages, id) : data.pages));
  }

  private isMine({ assignee }: Listing): boolean {
    return assignee === "me" || assignee === String(this.me);
  }

  /** Reads what is shown again, quietly. A list that is just being read began before: it is read once more. */
  private async refresh(): Promise<void> {
    const first = this.queries.getQueryCache().findAll({ queryKey: ["rows"], fetchStatus: "fetching" });
    await Promise.allSettled(first.map(({ state, promise }) => (state.data === undefined ? promise : undefined)));
    void this.queries.invalidateQueries({ queryKey: ["rows"] });
    void this.queries.invalidateQueries({ queryKey: ["counts"] });
  }

  private count(before: Customer, after: Customer | null): void {
    for (const [key, counts] of this.queries.getQueriesData<Counts>({ queryKey: ["counts"] })) {
      if (!counts) continue;
      const next = recounted(counts, String(key[1]), this.me, before, after);
      if (next !== counts) this.queries.setQueryData<Counts>(key, next);
    }
  }

  /** Counts are asked for again, but not at every one of many changes. */
  private recount(): void {
    this.counting ??= setTimeout(() => {
      this.counting = undefined;
      void this.queries.invalidateQueries({ queryKey: ["counts"] });
    }, COUNT_MS);
  }

  private hear(change: Change): void {
    this.heard += 1;
    this.news.push({ at: this.heard, change });
    if (this.news.length > KEPT_NEWS) this.news = this.news.slice(-KEPT_NEWS / 2);
    this.eachList(change);
  }

  private replay(since: number): void {
    for (const { at, change } of this.news) if (at > since) this.eachList(change);
  }

  private eachList(change: Change): void {
    for (const [key, data] of this.queries.getQueriesData<RowData>({ queryKey: ["rows"] })) {
      if (!data) continue;
      const pages = change(key[1] as Listing, data);
      if (pages !== data.pages) this.queries.setQueryData<RowData>(key, { ...data, pages: [...pages] });
    }
  }
}
