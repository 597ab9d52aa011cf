// Shared variables, random streams and watched nodes, live: the kernel sends what has changed, also while a cell runs, as long
// as somebody looks.

import { button, h, s } from "./dom";
import { reveal } from "./place";
import type { Request, ViewMessage } from "./records";
import { Following } from "./sight";

const SLOW_MS = 1500;
const CELL = 8;

export interface Writer { function: string; what: string; where: string; line: string }

export interface LiveRow {
  name: string; type: string; where: string; shape: number[] | null; statistics: [string, string][]; sample: string;
  editable: boolean; writers: Writer[]; version: number; changes: number; undo: number; spark: (number | null)[]; kept: number[];
  histogram?: number[]; heat?: number[][]; strided?: number;
}

export interface StreamRow {
  draw: string; name: string; type: string; where: string; state: string; count: string; used: string[]; still: string[];
}

export interface LiveStream { title: string; algorithm: string; seed: string; state: string; rows: StreamRow[] }

export interface NodeRow { name: string; type: string; shape: string; statistics: [string, string][]; sample: string; where: string }

export interface LiveSample {
  rows: LiveRow[]; streams: LiveStream[]; saved: string[]; queued: string[]; failed: string; moments?: number;
  nodes?: { calls: number; rows: NodeRow[] };
}

/** News: all there is, or what has changed of rows and streams by number. */
export type News = LiveSample | {
  moved: (Partial<LiveRow> & { k: number })[]; streams_moved: (Partial<LiveStream> & { k: number })[]; nodes?: LiveSample["nodes"]; moments?: number;
};

/** A sample with news taken in. */
export function merged(old: LiveSample | null, news: News): LiveSample | null {
  if ("rows" in news) return news;
  if (old === null) return null;
  const rows = [...old.rows];
  for (const { k, ...row } of news.moved) if (rows[k] !== undefined) rows[k] = { ...rows[k], ...row };
  const streams = [...old.streams];
  for (const { k, rows: lines, ...rest } of news.streams_moved) {
    if (streams[k] === undefined) continue;
    const known = streams[k].rows;
    streams[k] = { ...streams[k], ...rest, rows: (lines ?? known).map((line, n) => Object.assign({ used: [], still: [] }, known[n], line)) };
  }
  return { ...old, rows, streams, nodes: news.nodes ?? old.nodes, moments: news.moments ?? old.moments };
}

/** The path of a curve in a box; gaps where a value is missing. */
export function sparkline(values: (number | null)[], width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return "";
  const low = Math.min(...known), high = Math.max(...known);
  let pen = "M";
  let path = "";
  values.forEach((value, k) => {
    if (value === null) { pen = "M"; return; }
    const x = values.length > 1 ? (k / (values.length - 1)) * width : width / 2;
    const y = high > low ? height - ((value - low) / (high - low)) * height : height / 2;
    path += `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
  });
  return path;
}

function labelled(text: string, drawing: Element): Element {
  return h("figure", { class: "isym-chart-of" }, drawing, h("figcaption", { class: "isym-muted" }, text));
}

function chart(name: string, values: (number | null)[]): Element {
  return labelled("norm", s("svg", { class: "isym-spark", viewBox: "-1 -1 122 42", width: 122, height: 42, role: "img", "aria-label": name, "data-spark": values.length },
    s("title", {}, name), values.filter((value) => value !== null).length === 1 ? s("circle", { cx: 60, cy: 20, r: 2, fill: "currentColor" })
      : s("path", { d: sparkline(values, 120, 40), fill: "none", stroke: "currentColor" })));
}

/** Counts as bars, and expected counts as a stepped line over them. */
export function bars(counts: number[], expected: number[] = [], range = ""): Element {
  const most = Math.max(1, ...counts, ...expected);
  const height = (count: number): number => (40 * count) / most;
  const width = counts.length * 5;
  const line = expected.map((n, k) => `${k === 0 ? "M" : "L"}${k * 5},${(41 - height(n)).toFixed(1)}h4`).join("");
  const drawing = s("svg", { class: "isym-spark", viewBox: `-1 0 ${width + 2} 42`, width: width + 2, height: 42, role: "img",
    "aria-label": expected.length ? "histogram, and the expected counts as a line" : "histogram", "data-histogram": counts.length },
  s("title", {}, `counts: ${counts.join(" ")}${expected.length ? `; expected: ${expected.map((n) => Math.round(n)).join(" ")}` : ""}`),
  ...counts.map((n, k) => s("rect", { x: k * 5, y: 41 - height(n), width: 4, height: height(n), fill: "currentColor", "fill-opacity": expected.length ? 0.45 : 1 })));
  if (line) drawing.append(s("path", { class: "isym-expected", d: line, fill: "none", "data-expected": expected.length }));
  return labelled(range || "histogram", drawing);
}

function span(statistics: [string, string][]): string {
  const known = Object.fromEntries(statistics);
  return known.min !== undefined && known.max !== undefined ? `${known.min} … ${known.max}` : "";
}

/** Levels from 0 to 100 as a drawing in one element, since it is drawn anew several times a second; -1 is crossed out. */
function heatMap(levels: number[][]): Element {
  const canvas = h("canvas", { class: "isym-heat", width: levels[0].length * CELL, height: levels.length * CELL, role: "img",
    "aria-label": "heat map, dark is large", "data-heat": levels.length });
  const pen = canvas.getContext("2d")!;
  levels.forEach((line, y) => line.forEach((level, x) => {
    if (level < 0) {
      pen.strokeStyle = "#d55e00";
      pen.beginPath();
      pen.moveTo(x * CELL, y * CELL);
      pen.lineTo((x + 1) * CELL, (y + 1) * CELL);
      pen.moveTo((x + 1) * CELL, y * CELL);
      pen.lineTo(x * CELL, (y + 1) * CELL);
      pen.stroke();
    } else {
      pen.fillStyle = `rgb(${Math.round(247 - 2.4 * level)},${Math.round(251 - 1.7 * level)},${Math.round(255 - 0.7 * level)})`;
      pen.fillRect(x * CELL, y * CELL, CELL, CELL);
    }
  }));
  return labelled("heat map, dark is large", canvas);
}

function facts(pairs: [string, string][]): Element {
  return h("span", { class: "isym-figures" }, ...pairs.map(([name, value]) => name === "nan" || name === "inf"
    ? h("span", { class: "isym-warning", "data-badge": name }, `⚠ ${value} ${name}`)
    : h("span", { class: "isym-figure" }, h("span", { class: "isym-muted" }, `${name} `), value)));
}

/** A place in the user's text, as a button that goes there. */
function place(where: string): Element {
  return h("button", { type: "button", class: "isym-link", "data-place": where, title: `show ${where}`, click: () => { reveal(where); } }, where);
}

type Act = (verb: string, fields: object) => Promise<any>;

/** One shared variable: what moves is drawn anew, what the user is typing into stays. */
class Card {
  readonly element: HTMLElement;
  private readonly moving = h("div", { class: "isym-live-now" });
  private readonly box: HTMLInputElement;
  private readonly slider: HTMLInputElement;
  private readonly then = h("div", { class: "isym-live-then", "aria-live": "polite", "data-then": "" });
  private readonly undo: HTMLButtonElement;
  private readonly goBack: HTMLButtonElement;
  private readonly writers = h("div", { class: "isym-muted", "data-writers": "" });
  private row!: LiveRow;
  private told = "";

  constructor(readonly number: number, row: LiveRow, private readonly act: Act) {
    this.box = h("input", { class: "isym-search isym-edit", "aria-label": `new value of ${row.name}`, placeholder: "new value", "data-edit": "",
      keydown: (event: KeyboardEvent) => { if (event.key === "Enter") this.edit(); } });
    this.undo = button("undo", "undo", `take the last change of ${row.name} back`, () => void act("undo", { row: number }));
    this.slider = h("input", { type: "range", class: "isym-slider", min: 0, max: 0, step: 1, "aria-label": `history of ${row.name}`, "data-history": "",
      input: () => void this.look() });
    this.goBack = button("back", "go back", "give the variable the value shown here", () => void act("back", { row: number, change: this.chosen() }));
    this.element = h("section", { class: "isym-card", "data-row": row.name, "aria-label": row.name },
      h("div", {}, h("strong", {}, row.name), h("span", { class: "isym-muted" }, ` ${row.type} · `), place(row.where)), this.moving, this.writers);
    if (row.editable) {
      this.element.append(h("div", { class: "isym-tool" }, this.box, button("set", "set", `give ${row.name} the value written here`, () => this.edit()), this.undo),
        h("div", { class: "isym-controls" }, h("span", { class: "isym-muted" }, "history"), this.slider, this.goBack), this.then);
    }
    this.show(row);
  }

  private chosen(): number { return this.row.kept[Number(this.slider.value)] ?? -1; }

  private edit(): void {
    void this.act("edit", { row: this.number, text: this.box.value });
  }

  private async look(): Promise<void> {
    const change = this.chosen();
    this.goBack.disabled = change < 0;
    if (change < 0) { this.then.textContent = "this value was too large to be kept"; return; }
    const found = await this.act("at", { row: this.number, change });
    if (found === undefined || change !== this.chosen()) return;
    this.then.replaceChildren(h("div", {}, `version ${change}: `, facts(found.statistics), h("code", { class: "isym-sample" }, found.sample)),
      h("div", { class: "isym-charts" }, ...charts(found)));
  }

  show(row: LiveRow): void {
    this.row = row;
    this.element.dataset.changes = String(row.changes);
    this.element.dataset.version = String(row.version);
    this.undo.disabled = row.undo === 0;
    const last = String(Math.max(0, row.kept.length - 1));
    const atEnd = this.slider.value === this.slider.max;
    this.slider.max = last;
    if (atEnd && document.activeElement !== this.slider) this.slider.value = last;
    const shape = row.shape === null ? "" : `shape (${row.shape.join(", ")}${row.shape.length === 1 ? "," : ""}) · `;
    const every = (row.strided ?? 1) > 1 ? ` · figures of one element in ${row.strided}` : "";
    this.moving.replaceChildren(h("div", {}, `${shape}version ${row.version} · ${row.kept.length} kept${every}`),
      h("div", {}, facts(row.statistics), h("code", { class: "isym-sample" }, row.sample)),
      h("div", { class: "isym-charts" }, chart("norm over the changes seen", row.spark), ...charts(row)));
    const told = JSON.stringify(row.writers);
    if (told === this.told) return;
    this.told = told;
    this.writers.replaceChildren(...(row.writers.length === 0 ? ["no named function writes it"] : row.writers.map((writer) =>
      h("div", {}, `written by ${writer.function}: ${writer.what}, `, place(writer.where), h("code", { class: "isym-line" }, writer.line)))));
  }
}

function charts(row: { histogram?: number[]; heat?: number[][]; statistics: [string, string][] }): Element[] {
  return [...(row.histogram?.length ? [bars(row.histogram, [], span(row.statistics))] : []), ...(row.heat?.length ? [heatMap(row.heat)] : [])];
}

/** The streams of one object: seed, saved states, copies, next numbers. */
class StreamCard {
  readonly element: HTMLElement;
  private readonly body = h("tbody");
  private readonly head = h("span", { class: "isym-muted" });
  private readonly out = h("div", { "aria-live": "polite", "data-preview": "" });
  private readonly seed: HTMLInputElement;

  constructor(readonly number: number, stream: LiveStream, private readonly act: Act) {
    this.seed = h("input", { class: "isym-search", "aria-label": "seed", placeholder: "seed", "data-seed": "",
      keydown: (event: KeyboardEvent) => { if (event.key === "Enter") this.reseed(); } });
    const name = h("input", { class: "isym-search", "aria-label": "name of other streams", placeholder: "copy to", "data-target": "" });
    const copy = async (apply: boolean): Promise<void> => {
      const found = await act("transfer", { stream: number, name: name.value, apply });
      if (found !== undefined) this.out.replaceChildren(h("div", {}, found.applied ? "copied" : "would copy"),
        h("ul", { class: "isym-pairs" }, ...found.lines.map((line: string) => h("li", {}, line))));
    };
    this.element = h("section", { class: "isym-card", "aria-label": stream.title },
      h("div", {}, h("strong", {}, stream.title), this.head),
      h("div", { class: "isym-tool" }, this.seed, button("seed", "seed all", "seed all streams", () => this.reseed()),
        button("save", "save", "save the states", () => void act("save", { stream: number })), name,
        button("transfer-preview", "preview", "say which state would go where", () => void copy(false)),
        button("transfer", "copy", "copy the states to these streams", () => void copy(true))),
      h("div", { class: "isym-wide" }, h("table", { class: "isym-table" },
        h("thead", {}, h("tr", {}, ...["stream", "type", "state", "draws", "used by"].map((text) => h("th", { scope: "col" }, text)))), this.body)),
      this.out);
    this.show(stream);
  }

  private reseed(row?: number): void {
    void this.act("seed", { stream: this.number, text: this.seed.value, ...(row === undefined ? {} : { row }) });
  }

  show(stream: LiveStream): void {
    this.head.textContent = ` ${stream.algorithm} · seed ${stream.seed} · state ${stream.state}`;
    this.element.dataset.state = stream.state;
    while (this.body.children.length > stream.rows.length) this.body.lastElementChild?.remove();
    stream.rows.forEach((row, k) => {
      let line = this.body.children[k] as HTMLElement | undefined;
      if (line === undefined) {
        line = h("tr", {}, h("th", { scope: "row" }, `${k}: ${row.draw} · `, place(row.where), h("div", { class: "isym-tool isym-under" },
          button("next", "next", "the next numbers, drawn from a copy", () => void this.preview(k)),
          button("seed-one", "seed", "give this stream alone the seed written above", () => this.reseed(k)))), h("td"), h("td"), h("td"), h("td"));
        this.body.append(line);
      }
      Object.assign(line.dataset, { row: `${k}: ${row.draw}`, count: row.count, state: row.state });
      [row.type, row.state, row.count].forEach((text, column) => {
        if (line!.children[column + 1].textContent !== text) line!.children[column + 1].textContent = text;
      });
      line.children[4].replaceChildren(...row.used.map((name) => row.still.includes(name)
        ? h("div", { class: "isym-warning", "data-badge": "still" }, `⚠ ${name} does not advance it`) : h("div", {}, name)));
    });
  }

  private async preview(row: number): Promise<void> {
    const found = await this.act("preview", { stream: this.number, row });
    if (found === undefined) return;
    const counts = found.histogram ?? [];
    this.out.replaceChildren(h("div", {}, "next: ", h("code", { class: "isym-sample" }, found.next)),
      h("div", { class: "isym-charts" }, bars(counts, found.expected, span(found.statistics)), h("div", {}, `${found.count} numbers from a copy`,
        found.expected === undefined ? "" : `; line: ${found.formula}`, facts(found.statistics))));
  }
}

/** The nodes of a watched function at its last call. */
class NodeTable {
  readonly element: HTMLElement;
  private readonly head = h("span", { class: "isym-muted" });
  private readonly body = h("tbody");
  private readonly filter = h("input", { class: "isym-search", placeholder: "only nodes with", "aria-label": "only nodes whose name has", "data-filter": "",
    input: () => this.sift() });

  constructor() {
    this.element = h("section", { class: "isym-card", "aria-label": "nodes", "data-nodes": "" }, h("div", { class: "isym-tool" }, this.head, this.filter),
      h("div", { class: "isym-wide" }, h("table", { class: "isym-table" },
        h("thead", {}, h("tr", {}, ...["node", "type", "shape", "figures", "value"].map((text) => h("th", { scope: "col" }, text)))), this.body)));
  }

  show(found: { calls: number; rows: NodeRow[] }): void {
    this.head.textContent = found.calls === 0 ? "not called yet" : `call ${found.calls}`;
    this.element.dataset.calls = String(found.calls);
    const bad = found.rows.findIndex((row) => row.statistics.some(([name]) => name === "nan" || name === "inf"));
    this.body.replaceChildren(...found.rows.map((row, k) => h("tr", { "data-node-row": row.name },
      h("th", { scope: "row" }, row.name, k === bad ? h("div", { class: "isym-warning", "data-first": "" }, "⚠ the first that is not finite") : null,
        row.where ? h("div", {}, place(row.where)) : null),
      h("td", {}, row.type), h("td", {}, row.shape), h("td", {}, facts(row.statistics)), h("td", {}, h("code", { class: "isym-sample" }, row.sample)))));
    this.sift();
  }

  private sift(): void {
    for (const line of this.body.children as Iterable<HTMLElement> & HTMLCollection) (line as HTMLElement).hidden = !(line as HTMLElement).dataset.nodeRow!.includes(this.filter.value);
  }
}

/** All variables together, at the moments that are kept: to step a training backwards. */
class Moments {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly then = h("div", { class: "isym-figures", "aria-live": "polite", "data-moment": "" });

  constructor(private readonly act: Act) {
    this.slider = h("input", { type: "range", class: "isym-slider", min: 0, max: 0, step: 1, "aria-label": "history of all variables", "data-moments": "",
      input: () => void this.look() });
    this.element = h("section", { class: "isym-card", "aria-label": "all variables" },
      h("div", { class: "isym-controls" }, h("span", { class: "isym-muted" }, "all, at one moment"), this.slider,
        button("back-all", "go back", "give all variables the values of this moment", () => void act("back_all", { moment: Number(this.slider.value) }))), this.then);
  }

  private async look(): Promise<void> {
    const moment = Number(this.slider.value);
    const found = await this.act("moment", { moment });
    if (found === undefined || moment !== Number(this.slider.value)) return;
    this.then.replaceChildren(...found.values.map(([name, version, sample]: [string, number, string]) =>
      h("span", {}, h("strong", {}, name), ` version ${version} `, h("code", { class: "isym-muted" }, sample))));
  }

  show(count: number): void {
    const atEnd = this.slider.value === this.slider.max;
    this.slider.max = String(Math.max(0, count - 1));
    if (atEnd && document.activeElement !== this.slider) this.slider.value = this.slider.max;
  }
}

/** Fills `root` with the panel; returns the clean-up. */
export function livePane(root: HTMLElement, view: ViewMessage, request: Request): () => void {
  const cards: Card[] = [];
  const streams: StreamCard[] = [];
  let nodes: NodeTable | null = null;
  let moments: Moments | null = null;
  const host = h("div", { class: "isym-cards" });
  const saved = h("select", { class: "isym-search", "aria-label": "saved states", "data-saved": "" });
  const restore = h("span", { class: "isym-tool", hidden: true }, saved,
    button("restore", "restore", "restore the chosen states", () => void act("restore", { saved: Number(saved.value) })));
  const note = h("div", { class: "isym-muted isym-live-note", role: "status", "data-live": "" });
  let sample: LiveSample | null = null;
  let wanted = request.listen !== undefined;
  let stopped = false;
  let updates = 0;
  let frame = 0;
  let waiting = 0;

  const draw = (): void => {
    frame = 0;
    if (sample === null || stopped) return;
    const now = sample;
    if (moments === null && (now.moments ?? 0) > 1) {
      moments = new Moments(act);
      host.prepend(moments.element);
    }
    moments?.show(now.moments ?? 0);
    now.rows.forEach((row, k) => {
      if (cards[k] === undefined) { cards[k] = new Card(k, row, act); host.append(cards[k].element); } else cards[k].show(row);
    });
    now.streams.forEach((row, k) => {
      if (streams[k] === undefined) { streams[k] = new StreamCard(k, row, act); host.append(streams[k].element); } else streams[k].show(row);
    });
    if (now.nodes !== undefined) {
      if (nodes === null) { nodes = new NodeTable(); host.append(nodes.element); }
      nodes.show(now.nodes);
    }
    restore.hidden = now.saved.length === 0;
    if (saved.children.length !== now.saved.length) {
      saved.replaceChildren(...now.saved.map((label, k) => h("option", { value: k }, label)));
      saved.value = String(now.saved.length - 1);
    }
    root.dataset.queued = String(now.queued.length);
    if (now.queued.length > 0) say("queue", `queued until the running call ends: ${now.queued.join(", ")}`);
    else if (now.failed) say("queue", now.failed);
    else unsay("queue");
    updates += 1;
    root.dataset.updates = String(updates);
    root.dataset.ready = "1";
  };
  /** The latest wins: what comes between two frames is drawn once. */
  const show = (news: News): void => {
    sample = merged(sample, news);
    if (frame === 0) frame = window.requestAnimationFrame(draw);
  };
  let said = "";
  const say = (who: string, text: string): void => { said = who; note.textContent = text; };
  const unsay = (who: string): void => { if (said === who) note.textContent = ""; };

  /** Asks; what is late says so. */
  const asked = async (verb: string, fields: object, late: string): Promise<any> => {
    waiting += 1;
    const timer = window.setTimeout(() => say("late", late), SLOW_MS);
    try {
      const answer = await request(verb, fields as Record<string, unknown>);
      unsay("error");
      return answer;
    } catch (error) {
      if (!stopped) say("error", (error as Error).message);
      return undefined;
    } finally {
      window.clearTimeout(timer);
      waiting -= 1;
      if (waiting === 0) unsay("late");
    }
  };
  const act: Act = async (verb, fields) => {
    const answer = await asked(verb, fields, "queued until the cell ends");
    if (answer?.rows !== undefined && answer?.streams !== undefined) show(answer);
    return answer;
  };
  const read = async (long: boolean): Promise<void> => {
    const answer = await asked("sample", long ? { long } : {}, "the kernel is busy: values follow when the cell ends");
    if (answer === undefined) return;
    show(answer);
    if (long) root.dataset.refreshed = String(1 + Number(root.dataset.refreshed ?? 0));
  };
  const following = new Following(root, () => wanted && !stopped, (on) => {
    root.dataset.live = String(on);
    if (on) void asked("watch", { on }, "the kernel is busy: values follow when the cell ends").then((answer) => { if (answer !== undefined && updates > 0) void read(false); });
    else void request("watch", { on }).catch(() => undefined);
  });
  const live = button("live", "live", "follow the values, also while a cell runs", () => {
    wanted = !wanted && request.listen !== undefined;
    live.setAttribute("aria-pressed", String(wanted));
    following.update();
  });
  live.setAttribute("aria-pressed", String(wanted));
  const refresh = button("refresh", "refresh", "read the values again, and count draws with patience", () => void read(true));
  // keys in boxes and sliders are theirs: the notebook takes arrows for its cells
  host.addEventListener("keydown", (event) => { if ((event.target as Element).matches("input, select")) event.stopPropagation(); });
  root.append(h("div", { class: "isym-bar-top" }, h("strong", { class: "isym-title" }, view.title), h("span", { class: "isym-space" }), restore, live, refresh), note, host);
  const deaf = request.listen?.(show);
  void read(true);
  return () => {
    stopped = true;
    following.stop();
    deaf?.();
    window.cancelAnimationFrame(frame);
  };
}
