import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { unread } from "../domain/inbox";
import { listingFrom, listingQuery, type Listing } from "../domain/listing";
import { texts } from "../texts";
import { loadCustomer } from "./ahead";
import { CustomerList } from "./CustomerList";
import { useMe, useStore, useWorkplace } from "./hooks";
import { Keys } from "./Keys";
import { LinkStrip } from "./LinkStatus";
import { News } from "./News";
import { Notice } from "./Notice";
import { fetchOverlays, later, whenIdle } from "./overlays";
import { customerPath, mayGo, navigate, useRoute, type Place } from "./route";
import { Sidebar } from "./Sidebar";
import { useWaiting } from "./title";

const Customer = later(loadCustomer);
const Inbox = later(() => import("./Inbox"));
const TeamView = lazy(() => import("./TeamView"));
const AgentsView = lazy(() => import("./AgentsView"));
const SystemView = lazy(() => import("./SystemView"));

/** The three columns: places, a list, the customer. On narrow screens one of them at a time. */
export function Shell() {
  const { place, customerId, action, query } = useRoute();
  const { inbox } = useWorkplace();
  const me = useMe();
  const isAllowed = mayGo(place, me.role);
  const [menuOpen, setMenuOpen] = useState(false);
  const listing = listingFrom(query);
  const search = listingQuery(listing);
  useEffect(() => whenIdle(fetchOverlays), []);
  useWaiting(unread(useStore(inbox.state)));

  const show = useCallback(
    (next: Listing) => {
      setMenuOpen(false);
      const path = place !== "work" || customerId === null ? "/" : customerPath(customerId, "");
      const now = listingFrom(new URLSearchParams(location.search));
      // Letters typed into the search are not steps to go back through.
      const how = listingQuery({ ...now, search: next.search }) === listingQuery(next) ? "replace" : "push";
      navigate(path + listingQuery(next), how);
    },
    [place, customerId],
  );
  const leave = useCallback(() => navigate(place === "inbox" ? "/inbox" : `/${search}`), [place, search]);
  const openMenu = useCallback(() => setMenuOpen(true), []);
  const closeMenu = useCallback(() => setMenuOpen(false), []);

  return (
    <div
      className="shell"
      data-place={place}
      data-wide={isWide(place) || undefined}
      data-customer={customerId !== null || undefined}
      data-menu={menuOpen || undefined}
    >
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      <Sidebar place={place} listing={listing} onGo={closeMenu} onChange={show} />
      {menuOpen && <div className="scrim" aria-hidden="true" onClick={closeMenu} />}
      <main className="content">
        <LinkStrip />
        {isWide(place) ? (
          <div className="stage wide" id="content" tabIndex={-1}>
            {!isAllowed && <Notice title={place === "agents" ? texts.agents.notYours : texts.team.notYours} action={texts.nav.myWork} onAction={home} />}
            <Suspense fallback={<div className="loading" />}>
              {isAllowed && place === "team" && <TeamView onMenu={openMenu} />}
              {isAllowed && place === "agents" && <AgentsView onMenu={openMenu} />}
              {isAllowed && place === "system" && <SystemView onMenu={openMenu} />}
            </Suspense>
          </div>
        ) : (
          <>
            {place === "inbox" ? (
              <Suspense fallback={<section className="list" aria-busy="true" />}>
                <Inbox customerId={customerId} action={action} onMenu={openMenu} />
              </Suspense>
            ) : (
              <CustomerList listing={listing} selected={customerId} onChange={show} onMenu={openMenu} />
            )}
            <div className="stage" id="content" tabIndex={-1}>
              {customerId !== null ? (
                <Suspense fallback={<div className="loading" role="status" aria-label={texts.customer.loading} />}>
                  <Customer key={customerId} id={customerId} action={action} onBack={leave} />
                </Suspense>
              ) : place === "inbox" ? (
                <Notice title={texts.inbox.choose} hint={texts.inbox.chooseHint} />
              ) : (
                <Notice title={texts.customer.none} hint={texts.customer.noneHint} />
              )}
            </div>
          </>
        )}
      </main>
      <News />
      <Keys onLeave={menuOpen ? closeMenu : leave} />
    </div>
  );
}

const home = () => navigate("/");

function isWide(place: Place): boolean {
  return place === "team" || place === "agents" || place === "system";
}
