// The drawing: nodes and edges of one graph, kept between steps so that they move instead of jumping. Of a large graph
// only what is in the window is drawn, and from very far each node as a coloured patch.

import { fitted, path, revealing, zoomed, type Camera } from "./camera";
import { h, s } from "./dom";
import type { Edge, Layout, Place } from "./layouts";
import { Minimap } from "./minimap";
import type { Node, Output, ViewMessage } from "./records";
import { OLD, users, type State } from "./replay";

const BAND = 24;
const FAR = 0.75;
const SMALL = 0.15;
// graphs up to so many nodes are drawn whole; in larger ones, more than so many in the window become patches
const WHOLE = 120;
const PATCHES = 420;
// nodes drawn before the browser may do something else
const SLICE = 60;
const MAPPED_AT_ONCE = 2000;
const LONG = 900;
const AROUND = 70;

export type Mark = "added" | "removed";

export interface Events { select(id: number | null): void; paths(id: number): void; zoom(value: number): void }

interface Item { signature: string; make(): SVGGElement; node: Node | null }

export class Drawing {
  readonly element: SVGSVGElement;
  readonly minimap = new Minimap((x, y) => this.centre(x, y));
  readonly note = h("div", { class: "isym-far-note", hidden: true, "data-coarse": "" });
  selected: number | null = null;
  private readonly world = s("g", { class: "isym-world" });
  private readonly patchLayer = s("g", { "aria-hidden": "true", class: "isym-patches" });
  private readonly edgeLayer = s("g", { "aria-hidden": "true" });
  private readonly nodeLayer = s("g", { role: "group", "aria-label": "nodes" });
  private readonly nodes = new Map<number, SVGGElement>();
  private readonly edges = new Map<string, SVGPathElement>();
  private items = new Map<number, Item>();
  private marks = new Map<number, Mark>();
  private over = false;
  private camera: Camera = { x: 0, y: 0, zoom: 1 };
  private layout: Layout | null = null;
  private state: State | null = null;
  private moved = false;
  private dimmed: Set<number> | null = null;
  private lit: Set<number> | null = null;
  private painted: Place | null = null;
  private patched: Layout | null = null;
  private waiting = 0;
  private readonly head: string;

  constructor(private readonly styles: ViewMessage["styles"], private readonly events: Events, unique: string) {
    this.head = `isym-head-${unique}`;
    const marker = (id: string, kind: string): SVGMarkerElement =>
      s("marker", { id, viewBox: "0 0 8 8", refX: 2, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto",
        markerUnits: "userSpaceOnUse", class: kind }, s("path", { d: "M0 0L8 4L0 8z" }));
    this.element = s("svg", { class: "isym-canvas", role: "application", tabindex: 0, "data-canvas": "",
      "aria-label": "graph; arrow keys follow edges, question mark for help" },
    s("defs", {}, marker(this.head, "isym-head"), marker(`${this.head}-added`, "isym-head isym-head-added"),
      marker(`${this.head}-removed`, "isym-head isym-head-removed")), this.world);
    this.world.append(this.patchLayer, this.edgeLayer, this.nodeLayer);
    this.element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.element.addEventListener("pointerdown", (event) => this.drag(event));
    this.nodeLayer.addEventListener("click", (event) => {
      const id = this.under(event);
      if (id === null) return;
      if (event.shiftKey) this.events.paths(id);
      else this.events.select(id);
    });
    this.nodeLayer.addEventListener("pointerover", (event) => this.near(this.under(event)));
    this.nodeLayer.addEventListener("pointerout", () => this.near(null));
    this.nodeLayer.addEventListener("focusin", (event) => {
      const id = this.under(event);
      if (id !== null) this.reveal(id);
    });
    new ResizeObserver(() => {
      if (!this.moved) this.fit();
      else this.look(this.camera);
    }).observe(this.element);
  }

  private under(event: Event): number | null {
    const node = (event.target as Element).closest<SVGGElement>("[data-node]");
    return node === null ? null : Number(node.dataset.node);
  }

  /** Draw a graph; `marks` says which nodes to show as added or removed. */
  show(state: State, layout: Layout, results: boolean, marks: Map<number, Mark>): void {
    const first = this.layout === null;
    this.state = state;
    this.layout = layout;
    this.marks = marks;
    this.over = [...marks.keys()].some((id) => id >= OLD);
    this.items = new Map();
    for (const [id, item] of state.nodes) {
      this.items.set(id, { signature: `${item.family}|${item.label}|${item.sub}`, make: () => this.makeNode(item), node: item });
    }
    if (results) state.outputs.forEach((output, k) => this.items.set(-1 - k, { signature: output.label, make: () => this.makeResult(output), node: null }));
    for (const id of this.nodes.keys()) if (!this.items.has(id)) this.drop(id);
    const colours = Object.fromEntries(Object.entries(this.styles).map(([family, [colour]]) => [family, colour]));
    const map = (): void => {
      if (this.layout !== layout) return;
      this.minimap.draw(layout, (id) => state.nodes.get(id), colours);
      this.minimap.show(this.shown(), layout);
    };
    if (this.items.size <= MAPPED_AT_ONCE) map();
    else window.setTimeout(map);
    this.painted = null;
    if (this.selected !== null && !state.nodes.has(this.selected)) this.selected = null;
    if (first) this.home();
    else if (!this.moved) this.fit();
    else this.look(this.camera);
  }

  private drop(id: number): void {
    this.nodes.get(id)?.remove();
    this.nodes.delete(id);
  }

  /** The part of the graph that is in the window, in its own units. */
  private shown(): Place {
    const { x, y, zoom } = this.camera;
    const { width, height } = this.window();
    return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  }

  /** Draws what is in the window and a margin around it; nothing to do while the window stays inside that. */
  private paint(): void {
    if (this.layout === null || this.state === null) return;
    const view = this.shown();
    this.minimap.show(view, this.layout);
    const old = this.painted;
    if (old !== null && old.x <= view.x && old.y <= view.y && old.x + old.width >= view.x + view.width
      && old.y + old.height >= view.y + view.height && old.width <= 4 * view.width) return;
    const area = { x: view.x - view.width / 2, y: view.y - view.height / 2, width: 2 * view.width, height: 2 * view.height };
    const small = this.items.size <= WHOLE;
    let wanted = [...this.layout.places].filter(([, place]) => small || meets(place, area));
    const far = !small && wanted.length > PATCHES && wanted.filter(([, place]) => meets(place, view)).length > PATCHES / 2;
    this.painted = small ? { x: -Infinity, y: -Infinity, width: Infinity, height: Infinity } : area;
    this.element.toggleAttribute("data-patches", far);
    this.note.toggleAttribute("hidden", !far);
    if (far) {
      this.note.textContent = `${this.state.nodes.size.toLocaleString("en")} nodes as patches; names, types and long edges are hidden: zoom in`;
      this.drawPatches(this.layout);
      wanted = [];
    } else {
      this.patchLayer.replaceChildren();
      this.patched = null;
      if (!small) {
        const [x, y] = [view.x + view.width / 2, view.y + view.height / 2];
        const far = ([, place]: [number, Place]): number => Math.hypot(place.x + place.width / 2 - x, place.y - y);
        wanted.sort((a, b) => far(a) - far(b));
      }
    }
    const keep = new Set(wanted.map(([id]) => id));
    for (const id of this.nodes.keys()) if (!keep.has(id)) this.drop(id);
    window.cancelAnimationFrame(this.waiting);
    const slice = (from: number): void => {
      const part = wanted.slice(from, from + (small ? WHOLE + 1 : SLICE));
      for (const [id, place] of part) this.place(id, place);
      if (from + part.length < wanted.length) this.waiting = window.requestAnimationFrame(() => slice(from + part.length));
      else this.drawEdges(keep, small);
      this.highlight();
    };
    slice(0);
  }

  private place(id: number, place: Place): void {
    const item = this.items.get(id)!;
    let element = this.nodes.get(id);
    if (element === undefined || element.dataset.signature !== item.signature) {
      const made = item.make();
      if (element === undefined) this.nodeLayer.append(made);
      else {
        made.style.transform = element.style.transform;
        element.replaceWith(made);
      }
      made.dataset.signature = item.signature;
      this.nodes.set(id, made);
      element = made;
    }
    element.style.transform = `translate(${place.x}px, ${place.y}px)`;
    if (item.node === null) return;
    const mark = this.marks.get(id);
    if (element.dataset.mark !== mark) {
      element.querySelector(".isym-badge")?.remove();
      if (mark === undefined) delete element.dataset.mark;
      else {
        element.dataset.mark = mark;
        element.append(s("g", { class: "isym-badge", transform: `translate(${place.width} 0)` }, s("circle", { r: 8 }),
          s("path", { d: mark === "added" ? "M-4 0H4M0 -4V4" : "M-4 0H4" })));
      }
    }
    element.setAttribute("aria-label",
      `${item.node.label}, ${this.styles[item.node.family][3]}, ${item.node.types.join(", ")}${mark === undefined ? "" : `, ${mark}`}`);
  }

  /** Edges that begin or end at a node that is drawn. */
  private drawEdges(drawn: Set<number>, small: boolean): void {
    const seen = new Set<string>();
    for (const edge of this.layout?.edges ?? []) {
      if (!small && !drawn.has(edge.source) && !drawn.has(edge.target)) continue;
      const name = `${edge.source}>${edge.target}:${edge.position}`;
      seen.add(name);
      this.drawEdge(name, edge);
    }
    for (const [name, element] of this.edges) {
      if (!seen.has(name)) {
        element.remove();
        this.edges.delete(name);
      }
    }
    this.highlight();
  }

  private drawEdge(name: string, { source, target, points }: Edge): void {
    const d = path(points);
    let element = this.edges.get(name);
    if (element === undefined) {
      element = s("path", { class: "isym-edge", "data-edge": `${source}>${target}` });
      this.edges.set(name, element);
      this.edgeLayer.append(element);
    } else if (element.getAttribute("d") !== d) {
      const fresh = element.cloneNode(false) as SVGPathElement;
      element.replaceWith(fresh);
      this.edges.set(name, fresh);
      element = fresh;
    }
    const ends = [this.marks.get(source), this.marks.get(target)];
    const mark = source >= OLD || target >= OLD ? "removed" : this.over && ends.includes("added") ? "added" : undefined;
    element.setAttribute("d", d);
    element.setAttribute("marker-end", `url(#${this.head}${mark === undefined ? "" : `-${mark}`})`);
    element.dataset.from = String(source);
    element.dataset.to = String(target);
    if (mark === undefined) delete element.dataset.mark;
    else element.dataset.mark = mark;
    element.toggleAttribute("data-marked", ends.every((end) => end !== undefined));
  }

  /** From very far: one path per family, and the short edges as lines. */
  private drawPatches(layout: Layout): void {
    for (const [name, element] of this.edges) {
      element.remove();
      this.edges.delete(name);
    }
    if (this.patched !== layout) {
      this.patched = layout;
      const boxes = new Map<string, string[]>();
      for (const [id, { x, y, width, height }] of layout.places) {
        const family = this.state?.nodes.get(id)?.family ?? "result";
        const list = boxes.get(family) ?? [];
        list.push(`M${x} ${y}h${width}v${height}h${-width}z`);
        boxes.set(family, list);
      }
      const lines = layout.edges.flatMap(({ points }) => {
        const [x, y] = points.slice(-2);
        return Math.hypot(x - points[0], y - points[1]) > LONG ? [] : [`M${points[0]} ${points[1]}L${x} ${y}`];
      });
      this.patchLayer.replaceChildren(s("path", { class: "isym-patch-edges", d: lines.join("") }),
        ...[...boxes].map(([family, list]) => s("path", { class: "isym-patch", fill: this.styles[family][0], stroke: this.styles[family][0], d: list.join("") })),
        s("path", { class: "isym-patch-chosen" }));
    }
  }

  /** In the far view, the node nearest to a point of the window. */
  private patchAt(clientX: number, clientY: number): number | null {
    const box = this.element.getBoundingClientRect();
    const { x, y, zoom } = this.camera;
    const [px, py] = [(clientX - box.left - x) / zoom, (clientY - box.top - y) / zoom];
    let [best, least] = [null as number | null, 12 / zoom];
    for (const [id, place] of this.layout?.places ?? []) {
      const far = Math.hypot(Math.max(place.x - px, 0, px - place.x - place.width), Math.max(place.y - py, 0, py - place.y - place.height));
      if (id >= 0 && far < least) [best, least] = [id, far];
    }
    return best;
  }

  private makeNode(item: Node): SVGGElement {
    const [colour, ink, glyph] = this.styles[item.family];
    const element = this.box(item.width, item.height, colour, ink, glyph, item.label, item.sub, item.family);
    element.dataset.node = String(item.id);
    element.dataset.label = item.label;
    element.setAttribute("tabindex", "-1");
    element.setAttribute("role", "button");
    element.append(s("title", {}, [item.label, item.types.join(", "), item.where, item.line].filter(Boolean).join("\n")));
    return element;
  }

  private makeResult(output: Output): SVGGElement {
    const [colour, ink, glyph] = this.styles.result;
    const element = this.box(output.width, output.height, colour, ink, glyph, output.label, "", "result");
    element.dataset.result = output.label;
    return element;
  }

  private box(
    width: number, height: number, colour: string, ink: string, glyph: string, label: string, sub: string, family: string,
  ): SVGGElement {
    const round = ["input", "shared", "random", "result"].includes(family) ? 10 : 4;
    const element = s("g", { class: "isym-node", "data-family": family });
    const text = s("text", { class: "isym-label", x: BAND + 6, y: sub ? 16 : 16.5 }, label);
    // from afar the label alone fills the box
    const large = Math.min(sub ? 24 : 18, (width - BAND - 11) / (0.605 * Math.max(1, [...label].length)));
    text.style.setProperty("--far", `${large}px`);
    text.style.setProperty("--shift", `${(sub ? 3 : -4.5) + 0.35 * large}px`);
    element.append(
      s("rect", { class: "isym-halo", x: -4, y: -4, width: width + 8, height: height + 8, rx: round + 3 }),
      s("rect", { class: "isym-box", width, height, rx: round, stroke: colour }),
      s("path", { fill: colour, d: `M${BAND} 0V${height}H${round}a${round} ${round} 0 0 1 -${round} -${round}V${round}`
        + `a${round} ${round} 0 0 1 ${round} -${round}z` }),
      s("text", { class: "isym-glyph", x: BAND / 2, y: height / 2 + 4.5, fill: ink }, glyph),
      text,
    );
    if (sub) element.append(s("text", { class: "isym-sub", x: BAND + 6, y: 30 }, sub));
    return element;
  }

  select(id: number | null): void {
    this.selected = id;
    if (id !== null) this.reveal(id);
    this.highlight();
  }

  /** Dim everything but the found nodes; null shows all. */
  found(ids: Set<number> | null): void {
    this.dimmed = ids;
    this.highlight();
  }

  /** Light nodes and the edges between them, such as a path; null ends it. */
  light(ids: Set<number> | null): void {
    this.lit = ids;
    this.highlight();
  }

  focus(id: number): void {
    this.reveal(id);
    const place = this.layout?.places.get(id);
    if (!this.nodes.has(id) && place !== undefined && this.items.has(id)) this.place(id, place);
    this.nodes.get(id)?.focus({ preventScroll: true });
  }

  /** The node an arrow key leads to. */
  neighbour(id: number, key: string): number | null {
    const item = this.state?.nodes.get(id);
    const here = this.layout?.places.get(id);
    if (this.state === null || this.layout === null || item === undefined || here === undefined) return null;
    if (key === "ArrowUp") return item.inputs[0]?.id ?? null;
    if (key === "ArrowDown") return users(this.state).get(id)?.[0] ?? null;
    const side = key === "ArrowLeft" ? -1 : 1;
    const row = [...this.layout.places].filter(([other, place]) => other >= 0
      && Math.abs(place.y + place.height / 2 - here.y - here.height / 2) < here.height / 2 && (place.x - here.x) * side > 0);
    row.sort(([, a], [, b]) => (a.x - b.x) * side);
    return row[0]?.[0] ?? null;
  }

  private near(id: number | null): void {
    const name = String(id);
    for (const element of this.edges.values()) {
      element.toggleAttribute("data-near", id !== null && (element.dataset.from === name || element.dataset.to === name));
    }
  }

  private highlight(): void {
    const start = this.selected ?? [...this.nodes.keys()].filter((id) => id >= 0).pop();
    for (const [id, element] of this.nodes) {
      element.toggleAttribute("data-selected", id === this.selected);
      element.toggleAttribute("data-dim", (this.dimmed !== null && !this.dimmed.has(id)) || (this.lit !== null && !this.lit.has(id)));
      element.toggleAttribute("data-lit", this.lit?.has(id) ?? false);
      if (id < 0) continue;
      element.setAttribute("aria-pressed", String(id === this.selected));
      // one node can be reached with Tab; arrows go on from there
      element.setAttribute("tabindex", id === start ? "0" : "-1");
    }
    const chosen = String(this.selected);
    for (const element of this.edges.values()) {
      const { from: source, to: target } = element.dataset;
      element.toggleAttribute("data-chosen", this.selected !== null && (source === chosen || target === chosen));
      const inside = this.lit !== null && this.lit.has(Number(source)) && this.lit.has(Number(target));
      element.toggleAttribute("data-lit", inside);
      element.toggleAttribute("data-dim", this.lit !== null && !inside);
    }
    const lit = [...new Set([...(this.lit ?? []), ...(this.dimmed ?? []), ...(this.selected === null ? [] : [this.selected])])];
    this.patchLayer.querySelector(".isym-patch-chosen")?.setAttribute("d", lit.map((id) => {
      const place = this.layout?.places.get(id);
      return place === undefined ? "" : `M${place.x} ${place.y}h${place.width}v${place.height}h${-place.width}z`;
    }).join(""));
  }

  private window(): { width: number; height: number } {
    return { width: this.element.clientWidth || 600, height: this.element.clientHeight || 400 };
  }

  private look(camera: Camera): void {
    this.camera = camera;
    this.world.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.zoom})`);
    this.element.classList.toggle("isym-far", camera.zoom < FAR);
    this.events.zoom(camera.zoom);
    this.paint();
  }

  private centre(x: number, y: number): void {
    this.moved = true;
    const { width, height } = this.window();
    this.look({ ...this.camera, x: width / 2 - x * this.camera.zoom, y: height / 2 - y * this.camera.zoom });
  }

  /** The first look: all of it, or where it would be too small to make out, its first result. */
  private home(): void {
    if (this.layout === null) return;
    const camera = fitted(this.layout, this.window());
    const result = this.layout.places.get(this.state?.outputs[0]?.id ?? -1);
    if (camera.zoom >= SMALL || result === undefined) {
      this.fit();
      return;
    }
    const { width, height } = this.window();
    this.moved = true;
    this.look({ zoom: FAR, x: width / 2 - FAR * (result.x + result.width / 2), y: 0.8 * height - FAR * result.y });
  }

  fit(): void {
    this.moved = false;
    if (this.layout !== null) this.look(fitted(this.layout, this.window()));
  }

  /** Look at some nodes, as near as they and a little around them fit the window. */
  lookAt(ids: Iterable<number>): void {
    const places = [...ids].flatMap((id) => this.layout?.places.get(id) ?? []);
    if (places.length === 0) return;
    const left = Math.min(...places.map(({ x }) => x)) - AROUND;
    const top = Math.min(...places.map(({ y }) => y)) - AROUND;
    const width = Math.max(...places.map((place) => place.x + place.width)) + AROUND - left;
    const height = Math.max(...places.map((place) => place.y + place.height)) + AROUND - top;
    const { x, y, zoom } = fitted({ width, height }, this.window());
    this.moved = true;
    this.look({ x: x - left * zoom, y: y - top * zoom, zoom });
  }

  zoom(factor: number): void {
    this.moved = true;
    const { width, height } = this.window();
    this.look(zoomed(this.camera, factor, { x: width / 2, y: height / 2 }));
  }

  pan(x: number, y: number): void {
    this.moved = true;
    this.look({ ...this.camera, x: this.camera.x + x, y: this.camera.y + y });
  }

  private reveal(id: number): void {
    const place = this.layout?.places.get(id);
    if (place === undefined) return;
    const camera = revealing(this.camera, place, this.window());
    if (camera.x !== this.camera.x || camera.y !== this.camera.y) {
      this.moved = true;
      this.look(camera);
    }
  }

  /** The wheel scrolls the page until the view has the focus (or Ctrl is held); then it zooms at the pointer. */
  private wheel(event: WheelEvent): void {
    const root = this.element.getRootNode() as Document | ShadowRoot;
    if (!event.ctrlKey && !event.metaKey && !this.element.contains(root.activeElement)) return;
    event.preventDefault();
    const box = this.element.getBoundingClientRect();
    this.moved = true;
    const step = event.deltaMode === 1 ? 16 * event.deltaY : event.deltaY;
    this.look(zoomed(this.camera, Math.exp(-Math.max(-120, Math.min(120, step)) * 0.002),
      { x: event.clientX - box.left, y: event.clientY - box.top }));
  }

  private drag(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest("[data-node]") !== null) return;
    this.element.focus({ preventScroll: true });
    let { clientX, clientY } = event;
    let far = 0;
    const move = (next: PointerEvent): void => {
      far += Math.abs(next.clientX - clientX) + Math.abs(next.clientY - clientY);
      this.pan(next.clientX - clientX, next.clientY - clientY);
      ({ clientX, clientY } = next);
    };
    const end = (): void => {
      this.element.removeEventListener("pointermove", move);
      this.element.removeEventListener("pointerup", end);
      this.element.removeEventListener("pointercancel", end);
      if (far < 4) this.events.select(this.element.hasAttribute("data-patches") ? this.patchAt(clientX, clientY) : null);
    };
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", move);
    this.element.addEventListener("pointerup", end);
    this.element.addEventListener("pointercancel", end);
  }
}

function meets(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
