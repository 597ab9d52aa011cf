// The view in a cell's output: toolbar, drawing, side panel, rewrite slider. `mount` is called by the loader.

import css from "./widget.css";
import { linesOf, receiptPane, SourcePane, type Compiled } from "./code";
import { button, h } from "./dom";
import { Drawing, type Mark } from "./graph";
import { icon, iconButton } from "./icons";
import { help, inspectNode, inspectView } from "./inspector";
import { comparison, nextTouching, PassPanel, questions } from "./passes";
import { PlanPane } from "./plan";
import { provisional, unpacked, type Layout } from "./layouts";
import type { LayoutMessage, Node, Request, ViewMessage } from "./records";
import { between, fingerprint, OLD, reached, Replay, search, written, type State } from "./replay";
import { saveButtons } from "./exported";
import { gradientPane } from "./gradient";
import { livePane } from "./live";

const BLOCK = 16;
// graphs of more nodes are laid out one by one, and drawn at once where their nodes were
const LARGE = 200;
type Mode = "before" | "after" | "overlay";
const MODES: [Mode, string][] = [["before", "the graph before this rewrite (b)"], ["after", "the graph after this rewrite (b)"],
  ["overlay", "both in one: removed dashed, added thick (o)"]];
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
  private readonly overlays = new Map<number, LayoutMessage>();
  private readonly asked = new Set<string>();
  private readonly ended = new AbortController();
  private readonly known = new WeakMap<LayoutMessage, Layout>();
  private readonly hashes = new Map<number, string>();
  private last: Layout | null = null;
  private waiting = false;
  private wanted = false;
  private readonly drawing: Drawing;
  private readonly side = h("aside", { class: "isym-side", "aria-label": "details", tabindex: 0 });
  private readonly slider: HTMLInputElement;
  private readonly count = h("span", { class: "isym-count", "data-count": "" });
  private readonly rule = h("div", { class: "isym-rule", "data-rule": "", "aria-live": "polite" });
  private readonly matches = h("span", { class: "isym-muted", "data-matches": "", "aria-live": "polite" });
  private readonly litNote = h("span", { class: "isym-muted", "data-lit-note": "", "aria-live": "polite" });
  private readonly searchBox: HTMLInputElement;
  private readonly helpHost = h("div");
  private readonly modeButtons = new Map<Mode, HTMLButtonElement>();
  private readonly playButton: HTMLButtonElement;
  private step: number;
  private mode: Mode = "after";
  /** The selected node, also while it is not in the graph on show. */
  chosen: number | null = null;
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
      paths: (id) => this.paths(id),
      zoom: (value) => { root.dataset.zoom = value.toFixed(3); },
    }, String(views));
    this.searchBox = h("input", { class: "isym-search", type: "search", placeholder: "search  /", "aria-label": "search nodes",
      "data-search": "", input: () => this.search(), keydown: (event: KeyboardEvent) => this.searchKey(event) });
    this.slider = h("input", { class: "isym-slider", type: "range", min: 0, max: this.replay.length, step: 1,
      "aria-label": "rewrite", "data-slider": "", input: () => this.seek(Number(this.slider.value)) });
    for (const [mode, label] of MODES) this.modeButtons.set(mode, button(mode, mode, label, () => this.show(mode)));
    this.playButton = iconButton("play", "play", "play (Space)", () => this.play());
  }

  build(): void {
    const { view, drawing } = this;
    const tools = h("div", { class: "isym-bar-top", role: "toolbar", "aria-label": "graph" },
      h("strong", { class: "isym-title", title: view.title }, view.title), h("span", { class: "isym-muted", "data-note": "" }, view.note),
      this.back === null ? null : iconButton("back", "back", "back to the view this came from", this.back, "back"),
      h("span", { class: "isym-space" }), h("span", { class: "isym-graph-tools" }, this.litNote, this.matches, this.searchBox,
        button("zoom-out", "−", "zoom out (−)", () => drawing.zoom(1 / 1.25)),
        button("zoom-in", "+", "zoom in (+)", () => drawing.zoom(1.25)),
        button("fit", "fit", "fit (f)", () => drawing.fit()),
        this.replay.length > 0 ? button("change", "change", "look at what this rewrite changes (c)", () => this.change()) : null,
        button("fullscreen", "full", "fill the screen (F)", () => this.fullscreen()), saveButtons(() => drawing.element, view.title),
        button("help", "?", "keys (?)", () => this.help())));
    if (this.replay.length > 0 && view.kind === "function") {
      this.passes = new PassPanel(this.replay, this.request, { seek: (step) => this.seek(step), open: this.open });
    }
    const split = h("div", { class: "isym-split" }, this.passes?.element ?? null,
      h("div", { class: "isym-stage" }, drawing.element, drawing.note, drawing.minimap.element, this.helpHost), this.side);
    const first = this.layouts.get(this.step);
    if (first !== undefined) {
      // a wide drawing is scaled down, and then needs less height
      const shown = first.height * Math.min(1, STAGE / Math.max(1, first.width)) + 40;
      const least = this.replay.length > 0 ? (this.replay.size(this.step) > MANY ? HIGHEST : LOW_WITH_STEPS) : LOWEST;
      split.style.height = `${Math.max(least, Math.min(HIGHEST, shown))}px`;
    }
    const graph = h("div", { class: "isym-pane", "data-pane": "graph" }, view.compared ? comparison(view.compared) : null, split);
    if (this.replay.length > 0) graph.append(this.stepper());
    this.root.append(tools);
    if (view.kind === "function" && !view.later) this.root.append(...this.tabs(graph));
    else this.root.append(graph);
    this.root.addEventListener("keydown", (event) => this.key(event), { signal: this.ended.signal });
    this.seek(this.step);
  }

  private tabs(graph: HTMLElement): HTMLElement[] {
    // panes are filled when they are first shown
    const fill: Record<string, () => Element> = { receipt: () => receiptPane(this.view) };
    const panes: [string, string, Element][] = [["graph", "Graph", graph]];
    if (this.view.source) {
      const compiled = this.compiled();
      const mark = (ids: number[]): void => {
        show("source", true);
        this.source?.nodes(ids);
      };
      fill.source = () => (this.source = new SourcePane(this.view, compiled)).element;
      fill.plan = () => new PlanPane(this.view, this.request, compiled, mark).element;
      panes.push(["source", "C source", h("div")], ["plan", "Loops and memory", h("div")]);
    }
    panes.push(["receipt", "Receipt", h("div")]);
    const list = h("div", { class: "isym-tabs", role: "tablist" });
    const show = (chosen: string, focus: boolean): void => {
      for (const [name, , pane] of panes) {
        const tab = list.querySelector<HTMLElement>(`[data-tab="${name}"]`)!;
        tab.setAttribute("aria-selected", String(name === chosen));
        tab.setAttribute("tabindex", name === chosen ? "0" : "-1");
        pane.toggleAttribute("hidden", name !== chosen);
        if (name === chosen && fill[name] !== undefined && pane.childElementCount === 0) pane.append(fill[name]());
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
        this.mode = "after";
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
        iconButton("next", "next", "rewrite after (])", () => this.seek(this.step + 1)), this.slider, this.count,
        h("span", { class: "isym-modes", role: "group", "aria-label": "which graph" }, ...this.modeButtons.values())),
      this.passes?.curves ?? null, this.rule, this.passes?.details ?? null);
  }

  private seek(step: number): void {
    this.step = Math.max(0, Math.min(this.replay.length, step));
    if (this.step === 0) this.mode = "after";
    this.draw();
  }

  /** To the first rewrite of the next pass, or of this one or the one before. */
  private pass(way: number): void {
    const found = this.replay.passes().filter((first) => (first - this.step) * way > 0);
    this.seek(found.length === 0 ? (way > 0 ? this.replay.length : 0) : way > 0 ? found[0] : found[found.length - 1]);
  }

  /** To the next or previous rewrite that touches the selected node. */
  private touching(way: number): void {
    if (this.chosen === null) return;
    const to = nextTouching(this.replay.touching(this.chosen), this.step, way);
    if (to !== null) this.seek(to);
  }

  /** Look at what the rewrite changes, now or when its layout is there. */
  private change(): void {
    this.wanted = !(this.mode === "overlay" ? this.overlays : this.layouts).has(this.shown);
    if (!this.wanted) this.drawing.lookAt(this.marks(this.laid().state).keys());
  }

  private show(mode: Mode): void {
    if (this.step > 0) this.mode = mode;
    this.draw();
  }

  /** The number of rewrites behind the graph on show. */
  private get shown(): number { return this.mode === "before" ? this.step - 1 : this.step; }

  /** Where the nodes are, and the graph that is drawn there; null while the kernel has not said. */
  private laid(): { state: State; layout: Layout | null } {
    const message = (this.mode === "overlay" ? this.overlays : this.layouts).get(this.shown);
    const state = this.mode === "overlay" ? this.replay.overlaid(this.step, message?.joined ?? true) : this.replay.state(this.shown);
    if (message !== undefined) {
      const layout = this.known.get(message) ?? unpacked(message, state, this.view.results);
      this.known.set(message, layout);
      return { state, layout };
    }
    return { state, layout: this.last !== null && state.nodes.size > LARGE ? provisional(state, this.view.results, this.last) : null };
  }

  private hash(step: number): string {
    const hash = this.hashes.get(step) ?? fingerprint(this.replay.state(step));
    this.hashes.set(step, hash);
    return hash;
  }

  /** Works out what the first drawing needs, so that drawing is a task of its own. */
  prepare(): void {
    this.laid();
    this.hash(this.shown);
  }

  private marks(state: State): Map<number, Mark> {
    const marks = new Map<number, Mark>();
    if (this.step === 0) return marks;
    if (this.mode === "before") for (const id of this.replay.removed(this.step)) marks.set(id, "removed");
    else for (const id of this.replay.added(this.step)) marks.set(id, "added");
    if (this.mode === "overlay") for (const id of state.nodes.keys()) if (id >= OLD) marks.set(id, "removed");
    return marks;
  }

  private draw(): void {
    const { replay, step, shown } = this;
    Object.assign(this.root.dataset, { step: String(step), steps: String(replay.length), before: String(this.mode === "before"),
      mode: this.mode, hash: this.hash(shown) });
    this.slider.value = String(step);
    this.count.textContent = `${step} / ${replay.length}`;
    for (const [mode, made] of this.modeButtons) {
      made.setAttribute("aria-pressed", String(mode === this.mode));
      made.disabled = step === 0;
    }
    this.describe();
    this.passes?.at(step);
    const { state, layout } = this.laid();
    this.ask();
    if (layout !== null) {
      const inside = this.root.contains(document.activeElement);
      this.last = layout;
      this.drawing.show(state, layout, this.view.results, this.marks(state));
      // the node that had the focus may be gone: keys go on working
      if (inside && !this.root.contains(document.activeElement)) this.drawing.element.focus({ preventScroll: true });
      if (this.chosen !== this.drawing.selected && this.chosen !== null && state.nodes.has(this.chosen)) this.drawing.select(this.chosen);
      this.root.dataset.drawn = String(shown);
      this.root.dataset.edges = String(layout.edges.length);
      this.root.dataset.painted = "1";
      if (!this.view.later) this.root.dataset.ready = "1";
      this.search();
      if (this.wanted) this.change();
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

  /** Ask for the layout that is missing; of large graphs one at a time, and then those of the neighbours. */
  private ask(): void {
    const [verb, known] = this.mode === "overlay" ? ["overlays", this.overlays] as const : ["layouts", this.layouts] as const;
    const large = this.replay.size(this.shown) > LARGE;
    const size = large ? 1 : BLOCK;
    const near = large ? [0, 1, -1].map((way) => this.shown + way) : [this.shown];
    const missing = near.find((k) => k >= 0 && k <= this.replay.length && !known.has(k) && !this.asked.has(`${verb} ${Math.floor(k / size) * size}`));
    if (missing === undefined || (large && this.waiting)) return;
    const first = Math.floor(missing / size) * size;
    this.asked.add(`${verb} ${first}`);
    this.waiting = true;
    void this.request(verb, { first, count: size }).then((answer: { layouts: Record<string, LayoutMessage> }) => {
      for (const [key, layout] of Object.entries(answer.layouts)) known.set(Number(key), layout);
      this.waiting = false;
      if (answer.layouts[this.shown] !== undefined) this.draw();
      else this.ask();
    }, (error: Error) => {
      this.waiting = false;
      this.matches.textContent = error.message;
    });
  }

  private inspect(): void {
    const { shown } = this;
    const state = this.mode === "overlay" ? this.laid().state : this.replay.state(shown);
    const item = this.drawing.selected === null ? undefined : state.nodes.get(this.drawing.selected);
    const actions = { select: (id: number) => { this.select(id); this.drawing.focus(id); }, seek: (step: number) => this.seek(step),
      line: (where: string) => this.light(written(state, where), `from ${where}`) };
    this.side.replaceChildren(item === undefined ? inspectView(this.view, state, actions)
      : inspectNode(this.view, state, this.replay, item, actions));
    if (item !== undefined) {
      const more = h("div", { class: "isym-more" },
        button("upstream", "upstream", "light all it is computed from (u)", () => this.reach("inputs")),
        button("downstream", "downstream", "light all that is computed from it (d)", () => this.reach("users")));
      const found = linesOf(this.view, item.id);
      if (found.length > 0 && shown === this.replay.length) {
        more.append(button("c-lines", `C lines ${found.join(", ")}`, "show its lines of C", () => {
          this.tab("source");
          this.source?.nodes([item.id]);
        }));
      }
      const nests = this.view.code?.nests ?? [];
      const nest = shown === this.replay.length ? nests.findIndex(({ nodes }) => nodes.includes(item.id)) : -1;
      if (nest >= 0) {
        more.append(button("nest", `loop nest ${nest + 1}`, "light all that is computed in the same loops", () =>
          this.light(new Set(nests[nest].nodes), `in loop nest ${nest + 1}`)));
      }
      if (item.family === "control") more.append(button("inside", "open inside", "show the graph inside this node", () => {
        void this.request("inside", { step: shown, node: item.id }).then(this.open,
          (error: Error) => { more.append(h("p", { class: "isym-hint" }, error.message)); });
      }));
      if (this.passes !== null && item.kind === "op") {
        const [asked, at] = item.id >= OLD ? [{ ...item, id: item.id - OLD }, this.step - 1] : [item, shown];
        more.append(questions(asked, at, this.request, actions.seek));
      }
      this.side.append(more);
    }
    this.root.dataset.selected = item === undefined ? "" : String(item.id);
  }

  select(id: number | null): void {
    this.chosen = id;
    this.drawing.select(id);
    this.inspect();
  }

  /** Light some nodes, and say what they are; an empty set says so and lights nothing. */
  private light(ids: Set<number> | null, what: string): void {
    this.drawing.light(ids !== null && ids.size > 0 ? ids : null);
    this.root.dataset.lit = String(ids?.size ?? 0);
    this.litNote.textContent = ids === null ? "" : ids.size === 0 ? what : `${ids.size} node${ids.size === 1 ? "" : "s"} ${what}; Esc`;
  }

  private reach(way: "inputs" | "users"): void {
    const id = this.drawing.selected;
    const { state } = this.laid();
    const item: Node | undefined = id === null ? undefined : state.nodes.get(id);
    if (id === null || item === undefined) return;
    this.light(reached(state, [id], way), way === "inputs" ? `upstream of ${item.label}` : `downstream of ${item.label}`);
  }

  /** Paths between the selected node and another. */
  private paths(id: number): void {
    const from = this.drawing.selected;
    const { state } = this.laid();
    if (from === null || from === id) {
      this.select(id);
      return;
    }
    const [one, other] = [state.nodes.get(from), state.nodes.get(id)];
    const found = between(state, from, id);
    const names = `between ${one?.label ?? ""} and ${other?.label ?? ""}`;
    this.light(found, found.size > 0 ? `on paths ${names}` : `no path ${names}`);
  }

  private search(): void {
    const query = this.searchBox.value;
    this.hits = search(this.mode === "overlay" ? this.laid().state : this.replay.state(this.shown), query);
    this.drawing.found(query.trim() ? new Set(this.hits) : null);
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

  stop(): void {
    if (this.timer !== undefined) this.play();
    this.ended.abort();
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input:not([type='range']):not([type='checkbox']), select, textarea")) return;
    if (event.key === " " && target.matches("button, input:not([type='range']), summary, [role='button']") && !this.drawing.element.contains(target)) return;
    const onGraph = this.drawing.element.contains(target);
    const nodeId = Number(target.closest("[data-node]")?.getAttribute("data-node") ?? NaN);
    const actions: Record<string, () => void> = {
      "/": () => this.searchBox.focus(), "?": () => this.help(), f: () => this.drawing.fit(), c: () => this.change(), F: () => this.fullscreen(), "0": () => this.drawing.fit(),
      "+": () => this.drawing.zoom(1.25), "=": () => this.drawing.zoom(1.25), "-": () => this.drawing.zoom(1 / 1.25),
      "[": () => this.seek(this.step - 1), "]": () => this.seek(this.step + 1), "{": () => this.seek(0),
      "}": () => this.seek(this.replay.length), b: () => this.show(this.mode === "before" ? "after" : "before"),
      o: () => this.show(this.mode === "overlay" ? "after" : "overlay"), u: () => this.reach("inputs"), d: () => this.reach("users"),
      n: () => this.touching(1), p: () => this.touching(-1), " ": () => this.play(), r: () => this.passes?.toggle(),
      Escape: () => {
        if (this.helpHost.childElementCount > 0) this.help();
        else if (this.litNote.textContent) this.light(null, "");
        else this.select(null);
      },
    };
    if (event.key.startsWith("Arrow")) {
      const from = !onGraph ? null : Number.isNaN(nodeId) ? this.drawing.selected : nodeId;
      if (from !== null) {
        const to = this.drawing.neighbour(from, event.key);
        if (to !== null) {
          this.drawing.focus(to);
          if (this.drawing.selected !== null) this.select(to);
        }
      } else if (this.replay.length > 0 && (onGraph || target.closest(".isym-stepper, .isym-rewrites") !== null)) {
        // away from nodes, arrows walk through the rewrites
        const way = event.key === "ArrowUp" || event.key === "ArrowLeft" ? -1 : 1;
        if (event.key === "ArrowUp" || event.key === "ArrowDown") this.pass(way);
        else this.seek(this.step + way * (event.shiftKey ? 10 : 1));
      } else if (onGraph) {
        const [x, y] = { ArrowUp: [0, 40], ArrowDown: [0, -40], ArrowLeft: [40, 0], ArrowRight: [-40, 0] }[event.key] ?? [0, 0];
        this.drawing.pan(x, y);
      } else return;
    } else if (onGraph && event.key === "Enter" && event.shiftKey && !Number.isNaN(nodeId)) this.paths(nodeId);
    else if (onGraph && (event.key === "Enter" || event.key === " ") && !Number.isNaN(nodeId)) this.select(nodeId);
    else if (actions[event.key] !== undefined) actions[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Lets the browser do something else between two pieces of work. */
function rest(): Promise<void> { return new Promise((resolve) => { window.setTimeout(resolve); }); }

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
    if (!message.later) return;
    void ask("whole").then(async (answer: ViewMessage) => {
      await rest();
      const whole = new GraphPane(element, answer, ask, open, back);
      await rest();
      whole.prepare();
      await rest();
      const inside = element.contains(document.activeElement);
      pane.stop();
      panes.push(whole);
      element.replaceChildren();
      whole.build();
      if (pane.chosen !== null) whole.select(pane.chosen);
      if (inside) element.querySelector<HTMLElement>("[data-canvas]")?.focus({ preventScroll: true });
    }, (error: Error) => { element.querySelector("[data-note]")!.textContent = error.message; });
  };
  fill(root, view, request, null);
  return () => {
    panes.forEach((pane) => pane.stop());
    shown.remove();
  };
}
