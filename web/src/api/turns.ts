/**
 * Windows of one browser taking turns: while one does the work of that name, the others wait.
 * Where there are no locks (a page that came without TLS), nobody waits.
 */
export function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? navigator.locks.request(name, work) : work();
}
