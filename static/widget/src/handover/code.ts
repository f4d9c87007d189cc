// Draws a link as a QR code.

import { type Bitmap2D, correction, generate } from "lean-qr/nano";
import { doc } from "../widget/page";

const SVG = "http://www.w3.org/2000/svg";
/** The light margin that scanners need, in modules (ISO/IEC 18004, 5.3.8). */
const MARGIN = 4;

/** Return the code as an image with this name for screen readers. */
export function drawCode(link: string, name: string): SVGSVGElement {
  const code = generate(link, { minCorrectionLevel: correction.M });
  const size = code.size + 2 * MARGIN;
  const svg = doc.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `${-MARGIN} ${-MARGIN} ${size} ${size}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("part", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = doc.createElementNS(SVG, "path");
  path.setAttribute("d", pathOf(code));
  svg.append(path);
  return svg;
}

/** Return the dark modules as a path, one rectangle for each run of them in a row. */
function pathOf(code: Bitmap2D): string {
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      const start = x;
      while (code.get(x, y)) x++;
      if (x > start) path += `M${start} ${y}h${x - start}v1H${start}z`;
    }
  }
  return path;
}
