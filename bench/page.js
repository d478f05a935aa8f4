// Runs in the page before anything else: notes when things are painted. See page.py.
window.measure = {
  painted: null,
  script: 0,
  switched: null,
  offsets: new Map(),

  /** Resolves once `found` returns something, and what it returned has been painted. */
  when(found) {
    return new Promise((resolve) => {
      const look = () => {
        if (!found()) return false;
        const inserted = performance.now();
        // The frame that shows it ends before the task that follows the next animation frame.
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => resolve({ inserted, painted: performance.now() });
          channel.port2.postMessage(null);
        });
        return true;
      };
      if (look()) return;
      const observer = new MutationObserver(() => look() && observer.disconnect());
      observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-offset", "data-customer-id"] });
    });
  },

  async switchTo(id) {
    const from = performance.now();
    const done = measure.when(() => document.querySelector(`[data-testid=customer][data-customer-id="${id}"] [data-testid=feed-item]`));
    document.querySelector(`[data-testid=customer-row][data-customer-id="${id}"] a`).click();
    measure.switched = (await done).painted - from;
  },

  /** When the action with this offset came into the page, as times of the clock in milliseconds. */
  async seen(offset) {
    for (;;) {
      const found = measure.offsets.get(offset);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
};

/** Kept when the list has been painted. */
measure.ready = measure.when(() => document.querySelector("[data-testid=customer-row]")).then(({ painted }) => {
  measure.painted = painted;
  // What comes later, when the browser is idle, is asked for after the document's own scripts have run.
  const [{ domContentLoadedEventEnd: started }] = performance.getEntriesByType("navigation");
  const scripts = performance.getEntriesByType("resource").filter(({ name, startTime }) => name.endsWith(".js") && startTime <= started);
  measure.script = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
});

new MutationObserver((changes) => {
  const inserted = performance.timeOrigin + performance.now();
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (!(node instanceof Element)) continue;
      for (const item of [node, ...node.querySelectorAll("[data-offset]")]) {
        const offset = Number(item.getAttribute("data-offset"));
        if (!offset || !item.closest("[data-testid=feed]")) continue;
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => measure.offsets.set(offset, { inserted, painted: performance.timeOrigin + performance.now() });
          channel.port2.postMessage(null);
        });
      }
    }
  }
}).observe(document, { childList: true, subtree: true });
