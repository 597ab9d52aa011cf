// The whole graph in a corner, with a frame around what is on show; a press there goes there.

import { h } from "./dom";
import type { Layout } from "./layouts";
import type { Node } from "./records";

const WIDTH = 120;
const HEIGHT = 96;
const LEAST = 24;

export interface Frame { x: number; y: number; width: number; height: number }

/** Pixels per unit across and down: long graphs are squeezed, so that they can still be aimed at. */
export function scales(width: number, height: number): [number, number] {
  const scale = Math.min(WIDTH / Math.max(1, width), HEIGHT / Math.max(1, height));
  return [Math.max(scale, Math.min(WIDTH, LEAST) / Math.max(1, width)), Math.max(scale, Math.min(HEIGHT, LEAST) / Math.max(1, height))];
}

export class Minimap {
  readonly element = h("div", { class: "isym-minimap", hidden: true, "aria-hidden": "true", "data-minimap": "" });
  private readonly canvas = h("canvas");
  private readonly frame = h("div", { class: "isym-minimap-frame", "data-frame": "" });
  private scale: [number, number] = [1, 1];

  constructor(private readonly go: (x: number, y: number) => void) {
    this.element.append(this.canvas, this.frame);
    const press = (event: PointerEvent): void => {
      if (event.buttons === 0) return;
      const box = this.canvas.getBoundingClientRect();
      this.go((event.clientX - box.left) / this.scale[0], (event.clientY - box.top) / this.scale[1]);
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      press(event);
      event.preventDefault();
    });
    this.element.addEventListener("pointermove", press);
  }

  draw(layout: Layout, node: (id: number) => Node | undefined, colours: Record<string, string>): void {
    const [across, down] = this.scale = scales(layout.width, layout.height);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.max(8, layout.width * across), Math.max(8, layout.height * down)];
    this.canvas.width = Math.ceil(width * ratio);
    this.canvas.height = Math.ceil(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    if (pen === null) return;
    pen.scale(ratio, ratio);
    const forced = window.matchMedia("(forced-colors: active)").matches;
    for (const [id, place] of layout.places) {
      pen.fillStyle = forced ? "CanvasText" : colours[node(id)?.family ?? "result"];
      pen.fillRect(place.x * across, place.y * down, Math.max(1, place.width * across), Math.max(1, place.height * down));
    }
  }

  /** What is on show, in the graph's units; hidden where that is all. */
  show(frame: Frame, layout: Layout): void {
    const all = frame.x <= 1 && frame.y <= 1 && frame.x + frame.width >= layout.width - 1 && frame.y + frame.height >= layout.height - 1;
    this.element.toggleAttribute("hidden", all);
    const [across, down] = this.scale;
    const clip = (low: number, size: number, most: number): [number, number] => {
      const [from, to] = [Math.max(0, Math.min(most - 2, low)), Math.max(2, Math.min(most, low + size))];
      return [from, Math.max(4, to - from)];
    };
    const [left, width] = clip(frame.x * across, frame.width * across, Math.max(8, layout.width * across));
    const [top, height] = clip(frame.y * down, frame.height * down, Math.max(8, layout.height * down));
    Object.assign(this.frame.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }
}
