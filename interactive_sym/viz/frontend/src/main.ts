// The view in a cell's output: toolbar, drawing, side panel, rewrite slider. `mount` is called by the loader.

import css from "./widget.css";
import { receiptPane, SourcePane, type Compiled } from "./code";
import { button, h } from "./dom";
import { Drawing } from "./graph";
import { icon, iconButton } from "./icons";
import { help, inspectNode, inspectView } from "./inspector";
import { comparison, nextTouching, PassPanel, questions } from "./passes";
import { PlanPane } from "./plan";
import type { LayoutMessage, Request, ViewMessage } from "./records";
import { fingerprint, Replay, search } from "./replay";
import { saveButtons } from "./exported";
import { gradientPane } from "./gradient";
import { livePane } from "./live";

const BLOCK = 16;
const PLAY_MS = 900;
// pixels: least and greatest height of the drawing, and about how wide it is
const LOWEST = 240;
const LOW_WITH_STEPS = 420;
const STAGE = 560;
const MANY = 24;
const HIGHEST = 600;
let views = 0;

function style(): void {
  if (document.querySelector("style[data-isym]") === null) {
    document.head.append(h("style", { "data-isym": "" }, css));
  }
}

class GraphPane {
  private readonly replay: Replay;
  private readonly layouts = new Map<number, LayoutMessage>();
  private readonly asked = new Set<number>();
  private readonly drawing: Drawing;
  private readonly side = h("aside", { class: "isym-side", "aria-label": "details", tabindex: 0 });
  private readonly slider: HTMLInputElement;
  private readonly count = h("span", { class: "isym-count", "data-count": "" });
  private readonly rule = h("div", { class: "isym-rule", "data-rule": "", "aria-live": "polite" });
  private readonly matches = h("span", { class: "isym-muted", "data-matches": "" });
  private readonly searchBox: HTMLInputElement;
  private readonly helpHost = h("div");
  private readonly beforeButton: HTMLButtonElement;
  private readonly playButton: HTMLButtonElement;
  private step: number;
  private before = false;
  private chosen: number | null = null;  // the selected node, also while it is not in the graph on show
  private hits: number[] = [];
  private timer: number | undefined;
  private passes: PassPanel | null = null;
  private source: SourcePane | null = null;
  private tab: (name: string) => void = () => undefined;

  constructor(private readonly root: HTMLElement, private readonly view: ViewMessage, private readonly request: Request,
    private readonly open: (view: ViewMessage) => void, private readonly back: (() => void) | null) {
    this.replay = new Replay(view.trace!);
    this.step = this.replay.length;
    for (const [key, layout] of Object.entries(view.layouts ?? {})) this.layouts.set(Number(key), layout);
    views += 1;
    this.drawing = new Drawing(view.styles, {
      select: (id) => this.select(id),
      zoom: (value) => { root.dataset.zoom = value.toFixed(3); },
    }, String(views));
    this.searchBox = h("input", { class: "isym-search", type: "search", placeholder: "search  /", "aria-label": "search nodes",
      "data-search": "", input: () => this.search(), keydown: (event: KeyboardEvent) => this.searchKey(event) });
    this.slider = h("input", { class: "isym-slider", type: "range", min: 0, max: this.replay.length, step: 1,
      "aria-label": "rewrite", "data-slider": "", input: () => this.seek(Number(this.slider.value)) });
    this.beforeButton = button("before", "before", "show the graph before this rewrite (b)", () => this.toggleBefore());
    this.playButton = iconButton("play", "play", "play (Space)", () => this.play());
  }

  build(): void {
    const { view, drawing } = this;
    const tools = h("div", { class: "isym-bar-top", role: "toolbar", "aria-label": "graph" },
      h("strong", { class: "isym-title", title: view.title }, view.title), h("span", { class: "isym-muted", "data-note": "" }, view.note),
      this.back === null ? null : iconButton("back", "back", "back to the view this came from", this.back, "back"),
      h("span", { class: "isym-space" }), h("span", { class: "isym-graph-tools" }, this.matches, this.searchBox,
        button("zoom-out", "−", "zoom out (−)", () => drawing.zoom(1 / 1.25)),
        button("zoom-in", "+", "zoom in (+)", () => drawing.zoom(1.25)),
        button("fit", "fit", "fit (f)", () => drawing.fit()),
        button("fullscreen", "full", "fill the screen (F)", () => this.fullscreen()), saveButtons(() => drawing.element, view.title),
        button("help", "?", "keys (?)", () => this.help())));
    if (this.replay.length > 0 && view.kind === "function") {
      this.passes = new PassPanel(this.replay, this.request, { seek: (step) => this.seek(step), open: this.open });
    }
    const split = h("div", { class: "isym-split" }, this.passes?.element ?? null,
      h("div", { class: "isym-stage" }, drawing.element, this.helpHost), this.side);
    const first = this.layouts.get(this.step);
    if (first !== undefined) {
      // a wide drawing is scaled down, and then needs less height
      const shown = first.height * Math.min(1, STAGE / Math.max(1, first.width)) + 40;
      const least = this.replay.length > 0 ? (first.ids.length > MANY ? HIGHEST : LOW_WITH_STEPS) : LOWEST;
      split.style.height = `${Math.max(least, Math.min(HIGHEST, shown))}px`;
    }
    const graph = h("div", { class: "isym-pane", "data-pane": "graph" }, view.compared ? comparison(view.compared) : null, split);
    if (this.replay.length > 0) graph.append(this.stepper());
    this.root.append(tools);
    if (view.kind === "function") this.root.append(...this.tabs(graph));
    else this.root.append(graph);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.seek(this.step);
  }

  private tabs(graph: HTMLElement): HTMLElement[] {
    const panes: [string, string, Element][] = [["graph", "Graph", graph]];
    if (this.view.source) {
      const compiled = this.compiled();
      const source = this.source = new SourcePane(this.view, compiled);
      const mark = (ids: number[]): void => {
        source.nodes(ids);
        show("source", true);
      };
      panes.push(["source", "C source", source.element],
        ["plan", "Loops and memory", new PlanPane(this.view, this.request, compiled, mark).element]);
    }
    panes.push(["receipt", "Receipt", receiptPane(this.view)]);
    const list = h("div", { class: "isym-tabs", role: "tablist" });
    const show = (chosen: string, focus: boolean): void => {
      for (const [name, , pane] of panes) {
        const tab = list.querySelector<HTMLElement>(`[data-tab="${name}"]`)!;
        tab.setAttribute("aria-selected", String(name === chosen));
        tab.setAttribute("tabindex", name === chosen ? "0" : "-1");
        pane.toggleAttribute("hidden", name !== chosen);
        if (focus && name === chosen) tab.focus();
      }
      this.root.dataset.tab = chosen;
      // what is selected in the graph is marked in the C text
      if (chosen === "source" && !focus && this.drawing.selected !== null) this.source?.nodes([this.drawing.selected]);
    };
    panes.forEach(([name, text, pane], k) => {
      pane.setAttribute("role", "tabpanel");
      list.append(h("button", { type: "button", role: "tab", class: "isym-tab", "data-tab": name, click: () => show(name, false),
        keydown: (event: KeyboardEvent) => {
          const move = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? panes.length - 1 : 0;
          if (move > 0) show(panes[(k + move) % panes.length][0], true);
        } }, text));
    });
    show("graph", false);
    this.tab = (name) => show(name, true);
    return [list, ...panes.map(([, , pane]) => pane as HTMLElement)];
  }

  /** What the inspector may ask: nodes and rewrites of the compiled graph. */
  private compiled(): Compiled {
    const last = this.replay.state(this.replay.length);
    return {
      node: (id) => last.nodes.get(id),
      rewrites: (id) => this.replay.touching(id).map((step) => [step, this.replay.step(step).rule]),
      seek: (step) => {
        this.tab("graph");
        this.seek(step);
      },
      show: (id) => {
        this.tab("graph");
        this.before = false;
        this.seek(this.replay.length);
        this.select(id);
        this.drawing.focus(id);
      },
    };
  }

  private stepper(): HTMLElement {
    return h("div", { class: "isym-stepper", role: "group", "aria-label": "rewrites" },
      h("div", { class: "isym-controls" },
        ...(this.passes === null ? [] : [iconButton("rewrites", "list", "list of rewrites (r)", () => this.passes?.toggle(), "rewrites")]),
        iconButton("previous", "previous", "rewrite before ([)", () => this.seek(this.step - 1)), this.playButton,
        iconButton("next", "next", "rewrite after (])", () => this.seek(this.step + 1)), this.slider, this.count, this.beforeButton),
      this.passes?.curves ?? null, this.rule, this.passes?.details ?? null);
  }

  private seek(step: number): void {
    this.step = Math.max(0, Math.min(this.replay.length, step));
    if (this.step === 0) this.before = false;
    this.draw();
  }

  /** To the next or previous rewrite that touches the selected node. */
  private touching(way: number): void {
    if (this.chosen === null) return;
    const to = nextTouching(this.replay.touching(this.chosen), this.step, way);
    if (to !== null) this.seek(to);
  }

  private toggleBefore(): void {
    if (this.step > 0) this.before = !this.before;
    this.draw();
  }

  private draw(): void {
    const { replay, step } = this;
    const shown = this.before ? step - 1 : step;
    const state = replay.state(shown);
    const marks = new Map<number, "added" | "removed">();
    if (step > 0) {
      if (this.before) for (const id of replay.removed(step)) marks.set(id, "removed");
      else for (const id of replay.added(step)) marks.set(id, "added");
    }
    Object.assign(this.root.dataset, { step: String(step), steps: String(replay.length), before: String(this.before),
      hash: fingerprint(state) });
    this.slider.value = String(step);
    this.count.textContent = `${step} / ${replay.length}`;
    this.beforeButton.setAttribute("aria-pressed", String(this.before));
    this.beforeButton.disabled = step === 0;
    this.describe();
    this.passes?.at(step);
    const layout = this.layouts.get(shown);
    if (layout === undefined) this.ask(shown);
    else {
      const inside = this.root.contains(document.activeElement);
      this.drawing.show(state, layout, this.view.results, marks);
      // the node that had the focus may be gone: keys go on working
      if (inside && !this.root.contains(document.activeElement)) this.drawing.element.focus({ preventScroll: true });
      if (this.chosen !== this.drawing.selected && this.chosen !== null && state.nodes.has(this.chosen)) this.drawing.select(this.chosen);
      this.root.dataset.drawn = String(shown);
      this.root.dataset.ready = "1";
      this.search();
    }
    this.inspect();
  }

  private describe(): void {
    if (this.step === 0) {
      this.slider.setAttribute("aria-valuetext", "as written");
      this.rule.replaceChildren(h("span", { class: "isym-muted" }, "the graph as it was written"));
      return;
    }
    const { rule, why, changes, pass, before, after } = this.replay.step(this.step);
    this.slider.setAttribute("aria-valuetext", `${this.step}: ${rule}`);
    const parts: Element[] = [h("div", {}, h("strong", { "data-rule-name": rule }, rule), " ",
      h("span", { class: "isym-muted" }, [pass, changes && `changes ${changes}`].filter(Boolean).join(" · ")))];
    if (why) parts.push(h("div", { "data-why": "" }, why));
    if (before || after) {
      parts.push(h("div", { class: "isym-change" }, h("code", { class: "isym-old" }, `− ${before}`),
        h("code", { class: "isym-new" }, `+ ${after}`)));
    }
    this.rule.replaceChildren(...parts);
  }

  private ask(shown: number): void {
    const first = Math.floor(shown / BLOCK) * BLOCK;
    if (this.asked.has(first)) return;
    this.asked.add(first);
    void this.request("layouts", { first }).then((answer: { layouts: Record<string, LayoutMessage> }) => {
      for (const [key, layout] of Object.entries(answer.layouts)) this.layouts.set(Number(key), layout);
      this.draw();
    });
  }

  private inspect(): void {
    const state = this.replay.state(this.before ? this.step - 1 : this.step);
    const item = this.drawing.selected === null ? undefined : state.nodes.get(this.drawing.selected);
    const actions = { select: (id: number) => { this.select(id); this.drawing.focus(id); }, seek: (step: number) => this.seek(step) };
    this.side.replaceChildren(item === undefined ? inspectView(this.view, state)
      : inspectNode(this.view, state, this.replay, item, actions));
    if (item !== undefined) {
      const more = h("div", { class: "isym-more" });
      const found = this.source?.linesOf(item.id) ?? [];
      if (found.length > 0 && this.step === this.replay.length && !this.before) {
        more.append(button("c-lines", `C lines ${found.join(", ")}`, "show its lines of C", () => {
          this.source?.nodes([item.id]);
          this.tab("source");
        }));
      }
      if (item.family === "control") more.append(button("inside", "open inside", "show the graph inside this node", () => {
        void this.request("inside", { step: this.before ? this.step - 1 : this.step, node: item.id }).then(this.open,
          (error: Error) => { more.append(h("p", { class: "isym-hint" }, error.message)); });
      }));
      if (this.passes !== null && item.kind === "op") {
        more.append(questions(item, this.before ? this.step - 1 : this.step, this.request, actions.seek));
      }
      this.side.append(more);
    }
    this.root.dataset.selected = item === undefined ? "" : String(item.id);
  }

  private select(id: number | null): void {
    this.chosen = id;
    this.drawing.select(id);
    this.inspect();
  }

  private search(): void {
    const query = this.searchBox.value;
    this.hits = search(this.replay.state(this.before ? this.step - 1 : this.step), query);
    this.drawing.found(query.trim() ? (this.hits.length > 0 ? this.hits : [-1e9]) : []);
    this.matches.textContent = query.trim() ? `${this.hits.length} found` : "";
  }

  private searchKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && this.hits.length > 0) {
      const at = this.hits.indexOf(this.drawing.selected ?? -1);
      this.select(this.hits[(at + (event.shiftKey ? this.hits.length - 1 : 1)) % this.hits.length]);
    } else if (event.key === "Escape") {
      this.searchBox.value = "";
      this.search();
      this.drawing.element.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private help(): void {
    if (this.helpHost.childElementCount > 0) {
      this.helpHost.replaceChildren();
      this.drawing.element.focus({ preventScroll: true });
      return;
    }
    this.helpHost.append(help(() => this.help()));
    this.helpHost.querySelector("button")?.focus();
  }

  private fullscreen(): void {
    if (document.fullscreenElement === this.root) void document.exitFullscreen();
    else void this.root.requestFullscreen?.();
  }

  private play(): void {
    if (this.timer !== undefined) {
      window.clearInterval(this.timer);
      this.timer = undefined;
    } else {
      if (this.step >= this.replay.length) this.seek(0);
      this.timer = window.setInterval(() => {
        if (!this.root.isConnected || this.step >= this.replay.length) this.play();
        else this.seek(this.step + 1);
      }, PLAY_MS);
    }
    const on = this.timer !== undefined;
    this.playButton.replaceChildren(icon(on ? "pause" : "play"));
    this.playButton.setAttribute("aria-pressed", String(on));
  }

  stop(): void { if (this.timer !== undefined) this.play(); }

  private key(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input:not([type='range']):not([type='checkbox']), select, textarea")) return;
    if (event.key === " " && target.matches("button, input, summary, [role='button']") && !this.drawing.element.contains(target)) return;
    const onGraph = this.drawing.element.contains(target);
    const nodeId = Number(target.closest("[data-node]")?.getAttribute("data-node") ?? NaN);
    const actions: Record<string, () => void> = {
      "/": () => this.searchBox.focus(), "?": () => this.help(), f: () => this.drawing.fit(), F: () => this.fullscreen(), "0": () => this.drawing.fit(),
      "+": () => this.drawing.zoom(1.25), "=": () => this.drawing.zoom(1.25), "-": () => this.drawing.zoom(1 / 1.25),
      "[": () => this.seek(this.step - 1), "]": () => this.seek(this.step + 1), "{": () => this.seek(0),
      "}": () => this.seek(this.replay.length), b: () => this.toggleBefore(),
      n: () => this.touching(1), p: () => this.touching(-1), " ": () => this.play(), r: () => this.passes?.toggle(),
      Escape: () => (this.helpHost.childElementCount > 0 ? this.help() : this.select(null)),
    };
    if (onGraph && event.key.startsWith("Arrow")) {
      const from = Number.isNaN(nodeId) ? this.drawing.selected : nodeId;
      const to = from === null ? null : this.drawing.neighbour(from, event.key);
      if (to !== null) {
        this.drawing.focus(to);
        if (this.drawing.selected !== null) this.select(to);
      } else if (from === null) {
        const [x, y] = { ArrowUp: [0, 40], ArrowDown: [0, -40], ArrowLeft: [40, 0], ArrowRight: [-40, 0] }[event.key] ?? [0, 0];
        this.drawing.pan(x, y);
      }
    } else if (onGraph && (event.key === "Enter" || event.key === " ") && !Number.isNaN(nodeId)) this.select(nodeId);
    else if (actions[event.key] !== undefined) actions[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Puts a view into `host`; the answer to "open" says what it is. Returns the clean-up. */
export function mount(host: HTMLElement, view: ViewMessage, request: Request): () => void {
  style();
  const root = h("div", { class: "isym-root", "data-isym": "view", "data-kind": view.kind, "data-lm-suppress-shortcuts": "true",
    role: "region", "aria-label": view.title });
  host.replaceChildren(root);
  if (view.kind === "state") {
    return livePane(root, view, request);
  }
  if (view.kind === "gradient") {
    gradientPane(root, view);
    root.dataset.ready = "1";
    return () => undefined;
  }
  // views opened from a view take its place, and give it back
  let shown: HTMLElement = root;
  const panes: GraphPane[] = [];
  const fill = (element: HTMLElement, message: ViewMessage, ask: Request, back: (() => void) | null): void => {
    const open = (next: ViewMessage): void => {
      const fresh = h("div", { class: "isym-root", "data-isym": "view", "data-kind": next.kind, "data-lm-suppress-shortcuts": "true",
        role: "region", "aria-label": next.title, tabindex: -1 });
      element.replaceWith(fresh);
      shown = fresh;
      fill(fresh, next, (verb, fields = {}) => request(verb, { ...fields, view: next.view }), () => {
        fresh.replaceWith(element);
        shown = element;
        element.querySelector<HTMLElement>("[data-canvas]")?.focus({ preventScroll: true });
      });
      fresh.focus({ preventScroll: true });
    };
    const pane = new GraphPane(element, message, ask, open, back);
    panes.push(pane);
    pane.build();
  };
  fill(root, view, request, null);
  return () => {
    panes.forEach((pane) => pane.stop());
    shown.remove();
  };
}
