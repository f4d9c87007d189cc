// Where an enlarged picture is, as a pure function of what the shopper does with it.

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** How much a picture is enlarged, and where its top left corner is within the frame. */
export interface Zoom extends Point {
  scale: number;
}

const MAX_SCALE = 5;
/** What is smaller snaps back to the whole picture. */
const SNAP = 1.05;

/** Return the whole picture, in the middle of its frame. */
export function whole(frame: Size, picture: Size): Zoom {
  return within({ scale: 1, x: 0, y: 0 }, frame, picture);
}

/** Return the picture enlarged by a factor; what is at the point stays there. */
export function zoomedAt(zoom: Zoom, factor: number, at: Point, frame: Size, picture: Size): Zoom {
  const scale = Math.min(MAX_SCALE, zoom.scale * factor);
  if (scale < SNAP) return whole(frame, picture);
  const by = scale / zoom.scale;
  const [x, y] = [at.x - (at.x - zoom.x) * by, at.y - (at.y - zoom.y) * by];
  return within({ scale, x, y }, frame, picture);
}

/** Return the picture moved, as far as its edges allow. */
export function moved(zoom: Zoom, by: Point, frame: Size, picture: Size): Zoom {
  return within({ ...zoom, x: zoom.x + by.x, y: zoom.y + by.y }, frame, picture);
}

function within({ scale, x, y }: Zoom, frame: Size, picture: Size): Zoom {
  return {
    scale,
    x: placed(x, frame.width, picture.width * scale),
    y: placed(y, frame.height, picture.height * scale),
  };
}

/** Return a side's position: in the middle if it fits, else without a gap at either end. */
function placed(start: number, available: number, length: number): number {
  if (length <= available) return (available - length) / 2;
  return Math.min(0, Math.max(available - length, start));
}
