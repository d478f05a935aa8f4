/** The customer's view comes after the list's, except where the address names a customer. */
export const loadCustomer = () => import("./Customer");

/** Fetches what the address needs while the login is still being looked for. */
export function fetchAhead(): void {
  if (location.pathname.startsWith("/customers/")) loadCustomer().catch(() => undefined);
}
