// Runs in a page before anything else of it, and keeps what is measured in window.bench.
(() => {
  const seen = { ready: 0, tasks: [], scripts: [], shift: 0, violations: 0 };
  const watch = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
      type,
      buffered: true,
    });
  watch("longtask", (entry) => seen.tasks.push(entry.duration));
  // A long task has no name; a long frame names the scripts that took a part in it.
  watch("long-animation-frame", (entry) => {
    for (const { sourceURL, duration } of entry.scripts) {
      if (sourceURL.includes("/genvoris/")) seen.scripts.push(duration);
    }
  });
  watch("layout-shift", (entry) => {
    seen.shift += entry.value;
  });
  document.addEventListener("securitypolicyviolation", () => {
    seen.violations += 1;
  });

  seen.isReady = () => {
    seen.ready ||= performance.now();
  };
  // Our script is ready when it has set its global; the others' pages say it by themselves.
  let ours;
  Object.defineProperty(window, "Genvoris", {
    configurable: true,
    get: () => ours,
    set(value) {
      ours = value;
      seen.isReady();
    },
  });

  const nextTask = (act) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = act;
    channel.port2.postMessage(null);
  };

  /**
   * Resolves with the ms from an event until something is there, and to the end of the first frame
   * that shows it.
   */
  seen.shown = (type, isThere) =>
    new Promise((resolve, reject) => {
      setTimeout(reject, 20_000, new Error(`nothing came of ${type}`));
      const start = ({ timeStamp }) => {
        const look = () => {
          if (!isThere()) return requestAnimationFrame(look);
          const there = performance.now() - timeStamp;
          const painted = () => resolve({ there, painted: performance.now() - timeStamp });
          requestAnimationFrame(() => nextTask(painted));
        };
        nextTask(look);
      };
      addEventListener(type, start, { capture: true, once: true });
    });

  /** What the document's own loading took, in ms since its start. */
  seen.load = () => {
    const [entry] = performance.getEntriesByType("navigation");
    return {
      html: entry.responseEnd,
      contentLoaded: entry.domContentLoadedEventStart,
      ready: seen.ready,
      longest: Math.max(0, ...seen.tasks),
      script: Math.max(0, ...seen.scripts),
      shift: seen.shift,
      violations: seen.violations,
    };
  };
  window.bench = seen;
})();
