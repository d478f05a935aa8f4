import { useCallback, useEffect, useState } from "react";
import { listingFrom, listingQuery, type Listing } from "../domain/listing";
import { texts } from "../texts";
import { Customer } from "./Customer";
import { CustomerList } from "./CustomerList";
import { LinkStrip } from "./LinkStatus";
import { Notice } from "./Notice";
import { fetchOverlays, whenIdle } from "./overlays";
import { customerPath, navigate, useRoute } from "./route";
import { Sidebar } from "./Sidebar";

/** The three columns: views, the list, the customer. On narrow screens one of them at a time. */
export function Shell() {
  const { customerId, query } = useRoute();
  const [menuOpen, setMenuOpen] = useState(false);
  const listing = listingFrom(query);
  const search = listingQuery(listing);
  useEffect(() => whenIdle(fetchOverlays), []);

  const show = useCallback(
    (next: Listing) => {
      setMenuOpen(false);
      const path = customerId === null ? "/" : customerPath(customerId, "");
      const now = listingFrom(new URLSearchParams(location.search));
      // Letters typed into the search are not steps to go back through.
      const how = listingQuery({ ...now, search: next.search }) === listingQuery(next) ? "replace" : "push";
      navigate(path + listingQuery(next), how);
    },
    [customerId],
  );
  const leave = useCallback(() => navigate(`/${search}`), [search]);

  return (
    <div className="shell" data-customer={customerId !== null || undefined} data-menu={menuOpen || undefined}>
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      <Sidebar listing={listing} onChange={show} />
      {menuOpen && <div className="scrim" aria-hidden="true" onClick={() => setMenuOpen(false)} />}
      <main className="content">
        <CustomerList listing={listing} selected={customerId} onChange={show} onMenu={() => setMenuOpen(true)} />
        <div className="stage" id="content" tabIndex={-1}>
          <LinkStrip />
          {customerId === null ? (
            <Notice title={texts.customer.none} hint={texts.customer.noneHint} />
          ) : (
            <Customer key={customerId} id={customerId} onBack={leave} />
          )}
        </div>
      </main>
    </div>
  );
}
