// Entry point of widget.js, the file on every page.

import type { InternalApi } from "./bundles";
import { globalOf } from "./page";
import type { GenvorisCall } from "./public";
import { readStartOptions, type StartOptions } from "./script-tag";
import { JOB_KEY, RESUME_KEY, readText } from "./storage";
import { Widget } from "./widget";

function begin(start: StartOptions): void {
  const before = globalOf("Genvoris") as Partial<InternalApi> | GenvorisCall[] | undefined;
  const queued = Array.isArray(before) ? before : [];
  const running = Array.isArray(before) ? undefined : before;
  const handover = running?.leave?.();
  // A repeated tag, as after a visit with Turbo, only updates the settings.
  if (running?.update && !handover) {
    running.update(start.settings);
    return;
  }
  const { api } = new Widget(start, handover);
  window.Genvoris = window.VTOWidget = api;
  api.push(...(handover?.calls ?? queued));
  if (handover) return;
  const linked = /[?&]genvoris_tryon=1(&|$)/.test(location.search);
  if (linked || readText(RESUME_KEY) || readText(JOB_KEY)) api.resume(linked);
}

const start = readStartOptions();
if (start) begin(start);
else {
  console.error(
    'Genvoris: set data-api-url on the script, or genvorisConfig = {apiProxyBase: "/genvoris"}',
  );
}
