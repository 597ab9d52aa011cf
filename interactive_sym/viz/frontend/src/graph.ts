// The drawing: nodes and edges of one graph, kept between steps so that they move instead of jumping.

import { fitted, path, revealing, zoomed, type Camera } from "./camera";
import { s } from "./dom";
import type { LayoutMessage, Node, Output, ViewMessage } from "./records";
import { users, type State } from "./replay";

const BAND = 24;
const FAR = 0.75;
const SMALL = 0.15;

export interface Events { select(id: number | null): void; zoom(value: number): void }

interface Place { x: number; y: number; width: number; height: number }

export class Drawing {
  readonly element: SVGSVGElement;
  selected: number | null = null;
  private readonly world = s("g", { class: "isym-world" });
  private readonly edgeLayer = s("g", { "aria-hidden": "true" });
  private readonly nodeLayer = s("g", { role: "group", "aria-label": "nodes" });
  private readonly nodes = new Map<string, SVGGElement>();
  private readonly edges = new Map<string, SVGPathElement>();
  private places = new Map<number, Place>();
  private camera: Camera = { x: 0, y: 0, zoom: 1 };
  private layout: LayoutMessage | null = null;
  private state: State | null = null;
  private moved = false;

  constructor(private readonly styles: ViewMessage["styles"], private readonly events: Events, unique: string) {
    const head = `isym-head-${unique}`;
    const marker = (id: string, kind: string): SVGMarkerElement =>
      s("marker", { id, viewBox: "0 0 8 8", refX: 2, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto",
        markerUnits: "userSpaceOnUse", class: kind }, s("path", { d: "M0 0L8 4L0 8z" }));
    this.head = head;
    this.element = s("svg", { class: "isym-canvas", role: "application", tabindex: 0, "data-canvas": "",
      "aria-label": "graph; arrow keys follow edges, question mark for help" },
    s("defs", {}, marker(head, "isym-head")), this.world);
    this.world.append(this.edgeLayer, this.nodeLayer);
    this.element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.element.addEventListener("pointerdown", (event) => this.drag(event));
    new ResizeObserver(() => { if (!this.moved) this.fit(); }).observe(this.element);
  }

  private readonly head: string;

  /** Draw a graph; `mark` says which nodes to show as added or removed. */
  show(state: State, layout: LayoutMessage, results: boolean, mark: Map<number, "added" | "removed">): void {
    const first = this.layout === null;
    this.state = state;
    this.layout = layout;
    const at = new Map(layout.ids.map((id, k) => [id, { x: layout.at[2 * k], y: layout.at[2 * k + 1] }]));
    this.places = new Map();
    const seen = new Set<string>();
    const place = (key: number, item: Node | Output, make: () => SVGGElement, signature: string): SVGGElement => {
      const centre = at.get(key) ?? { x: 0, y: 0 };
      const corner = { x: centre.x - item.width / 2, y: centre.y - item.height / 2, width: item.width, height: item.height };
      this.places.set(key, corner);
      const name = String(key);
      seen.add(name);
      let element = this.nodes.get(name);
      if (element === undefined || element.dataset.signature !== signature) {
        const made = make();
        if (element === undefined) this.nodeLayer.append(made);
        else {
          made.style.transform = element.style.transform;
          element.replaceWith(made);
        }
        made.dataset.signature = signature;
        this.nodes.set(name, made);
        element = made;
      }
      element.style.transform = `translate(${corner.x}px, ${corner.y}px)`;
      return element;
    };
    for (const item of state.nodes.values()) {
      const element = place(item.id, item, () => this.makeNode(item), `${item.family}|${item.label}|${item.sub}`);
      const marked = mark.get(item.id);
      if (marked === undefined) element.removeAttribute("data-mark");
      else element.setAttribute("data-mark", marked);
      element.setAttribute("aria-label",
        `${item.label}, ${this.styles[item.family][3]}, ${item.types.join(", ")}${marked === undefined ? "" : `, ${marked}`}`);
    }
    if (results) state.outputs.forEach((output, k) => place(-1 - k, output, () => this.makeResult(output), output.label));
    for (const [name, element] of this.nodes) {
      if (!seen.has(name)) {
        element.remove();
        this.nodes.delete(name);
      }
    }
    this.drawEdges(state, layout, results, mark);
    if (this.selected !== null && !state.nodes.has(this.selected)) this.select(null);
    else this.highlight();
    if (first) this.home();
    else if (!this.moved) this.fit();
    this.roving();
  }

  private drawEdges(
    state: State, layout: LayoutMessage, results: boolean, mark: Map<number, "added" | "removed">,
  ): void {
    const seen = new Set<string>();
    let index = 0;
    const edge = (source: number, target: number, position: number): void => {
      const name = `${source}>${target}:${position}`;
      seen.add(name);
      let element = this.edges.get(name);
      const d = path(layout.edges[index]);
      index += 1;
      if (element === undefined) {
        element = s("path", { class: "isym-edge", "marker-end": `url(#${this.head})`, "data-edge": `${source}>${target}` });
        this.edges.set(name, element);
        this.edgeLayer.append(element);
      } else if (element.getAttribute("d") !== d) {
        const fresh = element.cloneNode(false) as SVGPathElement;
        element.replaceWith(fresh);
        this.edges.set(name, fresh);
        element = fresh;
      }
      element.setAttribute("d", d);
      element.dataset.from = String(source);
      element.dataset.to = String(target);
      element.toggleAttribute("data-marked", mark.has(source) && mark.has(target));
    };
    for (const item of state.nodes.values()) item.inputs.forEach(({ id }, k) => edge(id, item.id, k));
    if (results) state.outputs.forEach((output, k) => edge(output.id, -1 - k, 0));
    for (const [name, element] of this.edges) {
      if (!seen.has(name)) {
        element.remove();
        this.edges.delete(name);
      }
    }
  }

  private makeNode(item: Node): SVGGElement {
    const [colour, ink, glyph] = this.styles[item.family];
    const element = this.box(item.width, item.height, colour, ink, glyph, item.label, item.sub, item.family);
    element.dataset.node = String(item.id);
    element.dataset.label = item.label;
    element.setAttribute("tabindex", "-1");
    element.setAttribute("role", "button");
    element.addEventListener("click", () => this.events.select(item.id));
    element.addEventListener("pointerenter", () => this.near(item.id));
    element.addEventListener("pointerleave", () => this.near(null));
    element.addEventListener("focus", () => this.reveal(item.id));
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
    element.append(s("g", { class: "isym-badge", transform: `translate(${width} 0)` },
      s("circle", { r: 8 }), s("path", { class: "isym-plus", d: "M-4 0H4M0 -4V4" }),
      s("path", { class: "isym-minus", d: "M-4 0H4" })));
    return element;
  }

  select(id: number | null): void {
    this.selected = id;
    this.highlight();
    if (id !== null) this.reveal(id);
    this.roving();
  }

  /** Dim everything but the found nodes; an empty list shows all. */
  found(ids: number[]): void {
    const set = new Set(ids);
    for (const [name, element] of this.nodes) element.toggleAttribute("data-dim", set.size > 0 && !set.has(Number(name)));
  }

  focus(id: number): void { this.nodes.get(String(id))?.focus({ preventScroll: true }); }

  /** The node an arrow key leads to. */
  neighbour(id: number, key: string): number | null {
    const item = this.state?.nodes.get(id);
    const here = this.places.get(id);
    if (this.state === null || item === undefined || here === undefined) return null;
    if (key === "ArrowUp") return item.inputs[0]?.id ?? null;
    if (key === "ArrowDown") return users(this.state).get(id)?.[0] ?? null;
    const side = key === "ArrowLeft" ? -1 : 1;
    const row = [...this.places].filter(([other, place]) => other >= 0
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
    const chosen = String(this.selected);
    for (const [name, element] of this.nodes) {
      element.toggleAttribute("data-selected", name === chosen);
      if (element.hasAttribute("data-node")) element.setAttribute("aria-pressed", String(name === chosen));
    }
    for (const element of this.edges.values()) {
      const { from: source, to: target } = element.dataset;
      element.toggleAttribute("data-chosen", this.selected !== null && (source === chosen || target === chosen));
    }
  }

  /** One node can be reached with Tab; arrows go on from there. */
  private roving(): void {
    const ids = this.state === null ? [] : [...this.state.nodes.keys()];
    const start = this.selected ?? ids[ids.length - 1];
    for (const [name, element] of this.nodes) {
      if (element.hasAttribute("data-node")) element.setAttribute("tabindex", name === String(start) ? "0" : "-1");
    }
  }

  private window(): { width: number; height: number } {
    return { width: this.element.clientWidth || 600, height: this.element.clientHeight || 400 };
  }

  private look(camera: Camera): void {
    this.camera = camera;
    this.world.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.zoom})`);
    this.element.classList.toggle("isym-far", camera.zoom < FAR);
    this.events.zoom(camera.zoom);
  }

  /** The first look: all of it, or where it would be too small to make out, its first result. */
  private home(): void {
    this.fit();
    const result = this.places.get(this.state?.outputs[0]?.id ?? -1);
    if (this.camera.zoom >= SMALL || result === undefined) return;
    const { width, height } = this.window();
    this.moved = true;
    this.look({ zoom: FAR, x: width / 2 - FAR * (result.x + result.width / 2), y: 0.8 * height - FAR * result.y });
  }

  fit(): void {
    this.moved = false;
    if (this.layout !== null) this.look(fitted(this.layout, this.window()));
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
    const place = this.places.get(id);
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
      if (far < 4) this.events.select(null);
    };
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", move);
    this.element.addEventListener("pointerup", end);
    this.element.addEventListener("pointercancel", end);
  }
}
