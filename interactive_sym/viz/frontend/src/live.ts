// Shared variables and random streams, live: read again a few times a second, also while a cell runs.

import { button, h, s } from "./dom";
import type { Request, ViewMessage } from "./records";

const EVERY_MS = 900;
const SLOW_MS = 1500;

export interface Writer { function: string; what: string; where: string; line: string }

export interface LiveRow {
  name: string; type: string; where: string; shape: number[] | null; statistics: [string, string][]; sample: string;
  editable: boolean; writers: Writer[]; changes: number; undo: number; spark: (number | null)[]; kept: number[];
  histogram?: number[]; heat?: number[][]; strided?: number;
}

export interface StreamRow {
  draw: string; name: string; type: string; where: string; state: string; count: string; used: string[]; still: string[];
}

export interface LiveStream { title: string; algorithm: string; seed: string; state: string; rows: StreamRow[] }

export interface LiveSample { rows: LiveRow[]; streams: LiveStream[]; saved: string[] }

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

function chart(name: string, values: (number | null)[]): Element {
  return s("svg", { class: "isym-spark", viewBox: "-1 -1 122 26", width: 122, height: 26, role: "img", "aria-label": name, "data-spark": values.length },
    s("title", {}, name), s("path", { d: sparkline(values, 120, 24), fill: "none", stroke: "currentColor" }));
}

function bars(counts: number[]): Element {
  const most = Math.max(1, ...counts);
  return s("svg", { class: "isym-spark", viewBox: `0 0 ${counts.length * 5} 26`, width: counts.length * 5, height: 26, role: "img",
    "aria-label": "histogram", "data-histogram": counts.length }, s("title", {}, `histogram: ${counts.join(" ")}`),
    ...counts.map((n, k) => s("rect", { x: k * 5, y: 26 - (25 * n) / most, width: 4, height: (25 * n) / most, fill: "currentColor" })));
}

function heatMap(levels: number[][]): Element {
  const cell = 8;
  const drawing = s("svg", { class: "isym-heat", width: levels[0].length * cell, height: levels.length * cell, role: "img",
    "aria-label": "heat map, dark is large", "data-heat": levels.length });
  levels.forEach((line, y) => line.forEach((level, x) => {
    const box = { x: x * cell, y: y * cell, width: cell, height: cell };
    drawing.append(level < 0
      ? s("path", { d: `M${box.x},${box.y}l8,8m0,-8l-8,8`, stroke: "#d55e00", fill: "none" })
      : s("rect", { ...box, fill: `rgb(${Math.round(247 - 2.4 * level)},${Math.round(251 - 1.7 * level)},${Math.round(255 - 0.7 * level)})` }));
  }));
  return drawing;
}

function facts(pairs: [string, string][]): Element {
  return h("span", { class: "isym-figures" }, ...pairs.map(([name, value]) => name === "nan" || name === "inf"
    ? h("span", { class: "isym-warning" }, `⚠ ${value} ${name}`)
    : h("span", { class: "isym-figure" }, h("span", { class: "isym-muted" }, `${name} `), value)));
}

/** One shared variable: what moves is drawn anew, what the user is typing into stays. */
class Card {
  readonly element: HTMLElement;
  private readonly moving = h("div", { class: "isym-live-now" });
  private readonly box: HTMLInputElement;
  private readonly slider: HTMLInputElement;
  private readonly then = h("div", { class: "isym-live-then", "aria-live": "polite", "data-then": "" });
  private readonly undo: HTMLButtonElement;
  private readonly writers = h("div", { class: "isym-muted", "data-writers": "" });
  private row!: LiveRow;
  private told = "";

  constructor(readonly number: number, row: LiveRow, private readonly act: (verb: string, fields: object) => Promise<any>) {
    this.box = h("input", { class: "isym-search isym-edit", "aria-label": `new value of ${row.name}`, placeholder: "new value", "data-edit": "",
      keydown: (event: KeyboardEvent) => { if (event.key === "Enter") this.edit(); } });
    this.undo = button("undo", "undo", `take the last change of ${row.name} back`, () => void act("undo", { row: number }));
    this.slider = h("input", { type: "range", class: "isym-slider", min: 0, max: 0, step: 1, "aria-label": `history of ${row.name}`, "data-history": "",
      input: () => void this.look() });
    this.element = h("section", { class: "isym-card", "data-row": row.name, "aria-label": row.name },
      h("div", {}, h("strong", {}, row.name), h("span", { class: "isym-muted" }, ` ${row.type} · ${row.where}`)), this.moving, this.writers);
    if (row.editable) {
      this.element.append(h("div", { class: "isym-tool" }, this.box, button("set", "set", `give ${row.name} the value written here`, () => this.edit()), this.undo),
        h("div", { class: "isym-controls" }, h("span", { class: "isym-muted" }, "history"), this.slider,
          button("back", "go back", "give the variable the value shown here", () => void act("back", { row: number, change: this.chosen() }))), this.then);
    }
    this.show(row);
  }

  private chosen(): number { return this.row.kept[Number(this.slider.value)] ?? -1; }

  private edit(): void {
    void this.act("edit", { row: this.number, text: this.box.value });
  }

  private async look(): Promise<void> {
    const change = this.chosen();
    if (change < 0) { this.then.textContent = "this value was too large to be kept"; return; }
    const found = await this.act("at", { row: this.number, change });
    if (found !== undefined) this.then.replaceChildren(`after change ${change}: `, h("code", { class: "isym-sample" }, found.sample), facts(found.statistics));
  }

  show(row: LiveRow): void {
    this.row = row;
    this.element.dataset.changes = String(row.changes);
    this.undo.disabled = row.undo === 0;
    const last = String(Math.max(0, row.kept.length - 1));
    const atEnd = this.slider.value === this.slider.max;
    this.slider.max = last;
    if (atEnd && document.activeElement !== this.slider) this.slider.value = last;
    this.moving.replaceChildren(
      h("div", {}, row.shape === null ? "" : `shape (${row.shape.join(", ")}${row.shape.length === 1 ? "," : ""}) · ${row.changes} changes seen`),
      h("div", {}, facts(row.statistics), h("code", { class: "isym-sample" }, row.sample)),
      h("div", { class: "isym-charts" }, chart("norm over the changes seen", row.spark),
        row.histogram?.length ? bars(row.histogram) : null, row.heat?.length ? heatMap(row.heat) : null));
    const told = JSON.stringify(row.writers);
    if (told === this.told) return;
    this.told = told;
    this.writers.replaceChildren(...(row.writers.length === 0 ? ["no named function writes it"] : row.writers.map((writer) =>
      h("div", {}, `written by ${writer.function}: ${writer.what}, ${writer.where}`, h("code", { class: "isym-line" }, writer.line)))));
  }
}

/** The streams of one object: seed, saved states, copies, next numbers. */
class StreamCard {
  readonly element: HTMLElement;
  private readonly body = h("tbody");
  private readonly head = h("span", { class: "isym-muted" });
  private readonly out = h("div", { "aria-live": "polite", "data-preview": "" });

  constructor(readonly number: number, stream: LiveStream, private readonly act: (verb: string, fields: object) => Promise<any>) {
    const seed = h("input", { class: "isym-search", "aria-label": "seed", placeholder: "seed", "data-seed": "",
      keydown: (event: KeyboardEvent) => { if (event.key === "Enter") void act("seed", { stream: number, text: seed.value }); } });
    const name = h("input", { class: "isym-search", "aria-label": "name of other streams", placeholder: "copy to", "data-target": "" });
    const copy = async (apply: boolean): Promise<void> => {
      const found = await act("transfer", { stream: number, name: name.value, apply });
      if (found !== undefined) this.out.replaceChildren(found.applied ? "copied " : "would copy ", found.lines.join("; "));
    };
    this.element = h("section", { class: "isym-card", "aria-label": stream.title },
      h("div", {}, h("strong", {}, stream.title), this.head),
      h("div", { class: "isym-tool" }, seed, button("seed", "seed", "seed all streams", () => void act("seed", { stream: number, text: seed.value })),
        button("save", "save", "save the states", () => void act("save", { stream: number })), name,
        button("transfer-preview", "preview", "say which state would go where", () => void copy(false)),
        button("transfer", "copy", "copy the states to these streams", () => void copy(true))),
      h("table", { class: "isym-table" }, h("thead", {}, h("tr", {}, ...["stream", "type", "state", "draws", "used by", ""].map((text) => h("th", { scope: "col" }, text)))), this.body),
      this.out);
    this.show(stream);
  }

  show(stream: LiveStream): void {
    this.head.textContent = ` ${stream.algorithm} · seed ${stream.seed} · state ${stream.state}`;
    this.element.dataset.state = stream.state;
    while (this.body.children.length > stream.rows.length) this.body.lastElementChild?.remove();
    stream.rows.forEach((row, k) => {
      let line = this.body.children[k] as HTMLElement | undefined;
      if (line === undefined) {
        line = h("tr", {}, h("th", { scope: "row" }), h("td"), h("td"), h("td"), h("td"), h("td", {},
          button("next", "next numbers", "the next numbers, drawn from a copy", () => void this.preview(k))));
        this.body.append(line);
      }
      Object.assign(line.dataset, { row: `${k}: ${row.draw}`, count: row.count, state: row.state });
      const used = row.used.map((name) => (row.still.includes(name) ? `⚠ ${name} (does not advance it)` : name)).join(", ");
      [`${k}: ${row.draw} · ${row.where}`, row.type, row.state, row.count, used].forEach((text, column) => {
        if (line!.children[column].textContent !== text) line!.children[column].textContent = text;
      });
    });
  }

  private async preview(row: number): Promise<void> {
    const found = await this.act("preview", { stream: this.number, row });
    if (found === undefined) return;
    this.out.replaceChildren(h("div", {}, "next: ", h("code", { class: "isym-sample" }, found.next)),
      h("div", {}, bars(found.histogram), ` ${found.count} numbers from a copy: `, facts(found.statistics)));
  }
}

/** Fills `root` with the panel; returns the clean-up. */
export function livePane(root: HTMLElement, view: ViewMessage, request: Request): () => void {
  const cards: Card[] = [];
  const streams: StreamCard[] = [];
  const host = h("div", { class: "isym-cards" });
  const saved = h("select", { class: "isym-search", "aria-label": "saved states", "data-saved": "" });
  const restore = h("span", { class: "isym-tool", hidden: true }, saved,
    button("restore", "restore", "restore the chosen states", () => void act("restore", { saved: Number(saved.value) })));
  const note = h("div", { class: "isym-muted isym-live-note", role: "status", "data-live": "" });
  let timer: number | undefined;
  let stopped = false;
  let asking = false;
  let updates = 0;

  const show = (sample: LiveSample): void => {
    sample.rows.forEach((row, k) => {
      if (cards[k] === undefined) { cards[k] = new Card(k, row, act); host.append(cards[k].element); } else cards[k].show(row);
    });
    sample.streams.forEach((row, k) => {
      if (streams[k] === undefined) { streams[k] = new StreamCard(k, row, act); host.append(streams[k].element); } else streams[k].show(row);
    });
    restore.hidden = sample.saved.length === 0;
    if (saved.children.length !== sample.saved.length) {
      saved.replaceChildren(...sample.saved.map((label, k) => h("option", { value: k }, label)));
      saved.value = String(sample.saved.length - 1);
    }
    updates += 1;
    root.dataset.updates = String(updates);
    root.dataset.ready = "1";
  };
  const act = async (verb: string, fields: object): Promise<any> => {
    const late = window.setTimeout(() => { note.textContent = "queued until the cell ends"; }, SLOW_MS);
    try {
      const answer = await request(verb, fields as Record<string, unknown>);
      note.textContent = "";
      if (answer?.rows !== undefined && answer?.streams !== undefined) show(answer);
      return answer;
    } catch (error) {
      note.textContent = (error as Error).message;
      return undefined;
    } finally {
      window.clearTimeout(late);
    }
  };
  const poll = async (long: boolean): Promise<void> => {
    if (stopped || asking || (!long && (document.hidden || !root.isConnected))) return;
    asking = true;
    const late = window.setTimeout(() => { note.textContent = "the kernel is busy: values follow when the cell ends"; }, SLOW_MS);
    try {
      const answer = await request("sample", long ? { long } : {});
      if (note.textContent?.startsWith("the kernel is busy")) note.textContent = "";
      show(answer);
      if (long) root.dataset.refreshed = String(1 + Number(root.dataset.refreshed ?? 0));
    } catch (error) {
      note.textContent = (error as Error).message;
      pause();
    } finally {
      window.clearTimeout(late);
      asking = false;
    }
  };
  const pause = (): void => {
    if (timer !== undefined) window.clearInterval(timer);
    timer = timer === undefined && !stopped ? window.setInterval(() => void poll(false), EVERY_MS) : undefined;
    root.dataset.live = String(timer !== undefined);
    live.setAttribute("aria-pressed", String(timer !== undefined));
  };
  const live = button("live", "live", "follow the values, also while a cell runs", pause);
  const refresh = button("refresh", "refresh", "read the values again, and count draws with patience", () => void poll(true));
  root.append(h("div", { class: "isym-bar-top" }, h("strong", { class: "isym-title" }, view.title), h("span", { class: "isym-space" }), restore, live, refresh), note, host);
  pause();
  void poll(true);
  return () => { stopped = true; if (timer !== undefined) window.clearInterval(timer); };
}
