// Where nodes are: coordinates as they travel, unpacked for one graph; and places for a graph whose layout is on its way.

import type { LayoutMessage } from "./records";
import type { State } from "./replay";

/** Left upper corner and size. */
export interface Place { x: number; y: number; width: number; height: number }

/** An edge: its ends, which input it is, and points as `path` takes them. */
export interface Edge { source: number; target: number; position: number; points: number[] }

export interface Layout { width: number; height: number; places: Map<number, Place>; edges: Edge[] }

const REACH = 60;

/** The curve from a point on a lower side to one on an upper side. */
function curved(x0: number, y0: number, x1: number, y1: number, reach: number): number[] {
  return [x0, y0, x0, y0 + reach, x1, y1 - reach, x1, y1];
}

function sized(state: State, results: boolean): [number, { width: number; height: number }][] {
  return [...state.nodes, ...(results ? state.outputs.map((output, k) => [-1 - k, output] as [number, typeof output]) : [])];
}

/** The ends of all edges, in the order in which coordinates come. */
function ends(state: State, results: boolean): [number, number, number][] {
  const found: [number, number, number][] = [];
  for (const item of state.nodes.values()) item.inputs.forEach(({ id }, k) => found.push([id, item.id, k]));
  if (results) state.outputs.forEach(({ id }, k) => found.push([id, -1 - k, 0]));
  return found;
}

/** A layout of `state` from the kernel's message; see `arranged` in model.py. */
export function unpacked(message: LayoutMessage, state: State, results: boolean): Layout {
  const places = new Map<number, Place>();
  let [x, y] = [0, 0];
  sized(state, results).forEach(([id, { width, height }], k) => {
    x += message.at[2 * k];
    y += message.at[2 * k + 1];
    places.set(id, { x: x - width / 2, y: y - height / 2, width, height });
  });
  const edges: Edge[] = [];
  const numbers = message.edges;
  let at = 0;
  for (const [source, target, position] of ends(state, results)) {
    const [from, to] = [places.get(source) as Place, places.get(target) as Place];
    const count = numbers[at];
    const told = numbers.slice(at + 1, at + 1 + count);
    at += 1 + count;
    let points = told;
    if (count <= 2) {
      const [top, bottom] = [from.y + from.height, to.y];
      const half = Math.abs(bottom - top) / 2;
      points = curved(from.x + from.width / 2 + (told[0] ?? 0), top, to.x + to.width / 2 + (told[1] ?? 0), bottom,
        count === 0 ? Math.min(REACH, half) : half);
    } else {
      for (let k = 2; k < count; k += 1) points[k] += points[k - 2];
    }
    edges.push({ source, target, position, points });
  }
  return { width: message.width, height: message.height, places, edges };
}

/** A graph drawn where its nodes were before; new nodes stand below their inputs until the layout comes. */
export function provisional(state: State, results: boolean, before: Layout): Layout {
  const places = new Map<number, Place>();
  for (const [id, { width, height }] of sized(state, results)) {
    const known = before.places.get(id);
    const above = known ?? places.get(state.nodes.get(id)?.inputs[0]?.id ?? NaN);
    const middle = above === undefined ? before.width / 2 : above.x + above.width / 2;
    const y = known?.y ?? (above === undefined ? 0 : above.y + above.height + 24);
    places.set(id, { x: middle - width / 2, y, width, height });
  }
  const edges = ends(state, results).map(([source, target, position]) => {
    const [from, to] = [places.get(source) as Place, places.get(target) as Place];
    const [top, bottom] = [from.y + from.height, to.y];
    return { source, target, position,
      points: curved(from.x + from.width / 2, top, to.x + to.width / 2, bottom, Math.min(REACH, Math.abs(bottom - top) / 2)) };
  });
  return { width: before.width, height: before.height, places, edges };
}
