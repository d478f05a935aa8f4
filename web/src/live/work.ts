/** Keeps the loaded lists true: what the server says about a customer goes into every list that shows it. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { findRow, placeRow, removeRow, type Listing } from "../domain/listing";
import type { Customer, Row, RowPage, WorkPublication } from "../domain/model";
import type { Link } from "./link";

export type RowData = InfiniteData<RowPage, string | null>;

export const rowsKey = (listing: Listing) => ["rows", listing] as const;
export const countsKey = (assignee: string) => ["counts", assignee] as const;

const COUNT_MS = 4_000;

export class Work {
  private counting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly me: number,
    private readonly queries: QueryClient,
    /** The customer on the screen, whose news count as read. */
    private readonly looking: () => number | null,
  ) {}

  /** Follows the agent's own work; returns how to stop. */
  follow(link: Link): () => void {
    const subscription = link.client.newSubscription(`work:${this.me}`);
    subscription.on("publication", ({ data }) => this.receive(data as WorkPublication));
    // Not recoverable: whatever happened before `subscribed` is known only from the list itself.
    subscription.on("subscribed", () => this.refresh());
    subscription.subscribe();
    return () => {
      clearTimeout(this.counting);
      link.client.removeSubscription(subscription);
    };
  }

  /** Shows a customer's new state wherever it is listed. */
  show(customer: Customer, unread?: number): void {
    this.eachList((listing, data) => {
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

  /** The loaded row of a customer, in whichever list it is. */
  row(id: number): Row | undefined {
    for (const [, data] of this.queries.getQueriesData<RowData>({ queryKey: ["rows"] })) {
      const row = data && findRow(data.pages, id);
      if (row) return row;
    }
    return undefined;
  }

  private receive(publication: WorkPublication): void {
    switch (publication.type) {
      case "upsert":
        this.upsert(publication.customer);
        break;
      case "remove":
        this.remove(publication.customer);
        break;
      case "refresh":
        this.refresh();
        break;
    }
    this.recount();
  }

  private upsert({ unread, ...customer }: Customer & { readonly unread?: number }): void {
    const loaded = this.row(customer.id);
    const missed = Math.max(0, customer.offset - (loaded?.offset ?? customer.offset - 1));
    const read = this.looking() === customer.id;
    this.show(customer, read ? 0 : (unread ?? (loaded?.unread ?? 0) + missed));
  }

  private remove({ id }: Pick<Customer, "id">): void {
    this.eachList((listing, data) => (this.isMine(listing) ? removeRow(data.pages, id) : data.pages));
  }

  private isMine({ assignee }: Listing): boolean {
    return assignee === "me" || assignee === String(this.me);
  }

  private refresh(): void {
    void this.queries.invalidateQueries({ queryKey: ["rows"] });
    void this.queries.invalidateQueries({ queryKey: ["counts"] });
  }

  /** Counts are asked for again, but not at every one of many changes. */
  private recount(): void {
    this.counting ??= setTimeout(() => {
      this.counting = undefined;
      void this.queries.invalidateQueries({ queryKey: ["counts"] });
    }, COUNT_MS);
  }

  private eachList(change: (listing: Listing, data: RowData) => readonly RowPage[]): void {
    for (const [key, data] of this.queries.getQueriesData<RowData>({ queryKey: ["rows"] })) {
      if (!data) continue;
      const pages = change(key[1] as Listing, data);
      if (pages !== data.pages) this.queries.setQueryData<RowData>(key, { ...data, pages: [...pages] });
    }
  }
}

