// Pan and zoom: screen = world * zoom + (x, y).

export interface Camera { x: number; y: number; zoom: number }

export interface Box { width: number; height: number }

export const ZOOMS: [number, number] = [0.0005, 4];

export function zoomed(camera: Camera, factor: number, at: { x: number; y: number }): Camera {
  const zoom = Math.min(ZOOMS[1], Math.max(ZOOMS[0], camera.zoom * factor));
  const ratio = zoom / camera.zoom;
  return { x: at.x - (at.x - camera.x) * ratio, y: at.y - (at.y - camera.y) * ratio, zoom };
}

/** The whole drawing in the window, centred, never larger than life. */
export function fitted(drawing: Box, window: Box, margin = 16): Camera {
  const zoom = Math.max(
    ZOOMS[0],
    Math.min(1, (window.width - 2 * margin) / Math.max(1, drawing.width),
      (window.height - 2 * margin) / Math.max(1, drawing.height)),
  );
  return { x: (window.width - drawing.width * zoom) / 2, y: (window.height - drawing.height * zoom) / 2, zoom };
}

/** Moves as little as needed to have a box (in world units) in the window. */
export function revealing(
  camera: Camera, box: { x: number; y: number; width: number; height: number }, window: Box, margin = 16,
): Camera {
  const shift = (low: number, high: number, size: number): number =>
    low < margin ? margin - low : high > size - margin ? Math.max(margin - low, size - margin - high) : 0;
  const left = box.x * camera.zoom + camera.x;
  const top = box.y * camera.zoom + camera.y;
  return {
    ...camera,
    x: camera.x + shift(left, left + box.width * camera.zoom, window.width),
    y: camera.y + shift(top, top + box.height * camera.zoom, window.height),
  };
}

/** An SVG path from a start point and three control points per curve; the arrow head has `gap` pixels. */
export function path(points: number[], gap = 5): string {
  if (points.length < 4) return "";
  const shown = [...points];
  const [x, y] = shown.slice(-2);
  // the head points the way the curve arrives, read from the last control point that is not too near to tell
  let k = shown.length - 4;
  while (k > 0 && Math.hypot(x - shown[k], y - shown[k + 1]) < 2 * gap) k -= 2;
  const [px, py] = [shown[k], shown[k + 1]];
  const length = Math.hypot(x - px, y - py) || 1;
  const [dx, dy] = [(x - px) / length, (y - py) / length];
  shown[shown.length - 2] = x - dx * gap;
  shown[shown.length - 1] = y - dy * gap;
  for (let near = k + 2; near < shown.length - 2; near += 2) {
    shown[near] = x - dx * 2 * gap;
    shown[near + 1] = y - dy * 2 * gap;
  }
  const r = (value: number): string => String(Math.round(value * 10) / 10);
  let text = `M${r(shown[0])} ${r(shown[1])}C`;
  for (let index = 2; index < shown.length; index += 2) text += ` ${r(shown[index])} ${r(shown[index + 1])}`;
  return text;
}
