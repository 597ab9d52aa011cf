// The pass explorer: rewrites by pass with a filter, curves, checks, histories, bisecting, compiling without rules.

import { button, h, s } from "./dom";
import { icon } from "./icons";
import type { About, Compared, Figures, History, Node, Request, ViewMessage } from "./records";
import type { Replay } from "./replay";

const WIDTH = 600;
const HEIGHT = 44;
const OPTIMIZERS = ["", "fast_run", "stabilize", "fast_compile", "merge", "None"];

/** What the explorer does to the rest of the view. */
export interface Steps { seek(step: number): void; open(view: ViewMessage): void }

/** Points of a curve over `count` steps, as high as its greatest value; gaps where a value is not known. */
export function curve(values: (number | null)[], width: number, height: number): string {
  const most = Math.max(...values.map((value) => value ?? 0), 1e-9);
  const across = values.length > 1 ? width / (values.length - 1) : 0;
  let text = "";
  let down = false;
  values.forEach((value, k) => {
    if (value !== null) text += `${down ? "L" : "M"}${(k * across).toFixed(1)} ${(height - (height * value) / most).toFixed(1)}`;
    down = value !== null;
  });
  return text;
}

/** The step before (-1) or after (1) `from` among those that touch a node; null where there is none. */
export function nextTouching(steps: number[], from: number, way: number): number | null {
  const found = steps.filter((step) => (step - from) * way > 0);
  return found.length === 0 ? null : way > 0 ? found[0] : found[found.length - 1];
}

export class PassPanel {
  readonly element = h("aside", { class: "isym-rewrites", "aria-label": "rewrites", hidden: true, "data-rewrites": "" });
  readonly curves = h("div", { class: "isym-curves", hidden: true });
  readonly details = h("div", { class: "isym-details", hidden: true, "aria-live": "polite" });
  private readonly filter = h("input", { class: "isym-search", type: "search", placeholder: "filter rewrites", "data-filter": "",
    "aria-label": "filter rewrites by rule, pass, operation or line", input: () => this.list() });
  private readonly shown = h("span", { class: "isym-muted", "data-filtered": "", "aria-live": "polite" });
  private readonly rows = h("div", { class: "isym-steps", role: "group", "aria-label": "rewrites by pass" });
  private readonly result = h("div", { class: "isym-result", tabindex: 0, role: "region", "aria-label": "what bisecting found", "data-bisect": "", "aria-live": "polite" });
  private readonly cursor = s("path", { class: "isym-cursor" });
  private readonly legend = h("div", { class: "isym-legend isym-muted", "data-figures": "" });
  private readonly off = new Set<string>();
  private readonly known = new Map<number, About>();
  private figures: Figures | null = null;
  private step = 0;
  private timer: number | undefined;

  constructor(private readonly replay: Replay, private readonly request: Request, private readonly steps: Steps) {
  }

  get open(): boolean { return !this.element.hasAttribute("hidden"); }

  toggle(): void {
    const open = !this.open;
    for (const part of [this.element, this.curves, this.details]) part.toggleAttribute("hidden", !open);
    if (!open) return;
    if (this.element.childElementCount === 0) {
      this.element.append(h("div", { class: "isym-controls" }, this.filter, this.shown), this.rows, this.bisecting(), this.result, this.rules());
      this.list();
    }
    this.filter.focus({ preventScroll: true });
    this.draw();
    this.at(this.step);
    if (this.figures !== null) return;
    void this.request("figures").then((answer: Figures) => {
      this.figures = answer;
      this.draw();
      this.at(this.step);
    }, (error: Error) => { this.legend.textContent = error.message; });
  }

  /** The step that is shown now. */
  at(step: number): void {
    this.step = step;
    for (const row of this.rows.querySelectorAll<HTMLElement>("[data-step-row]")) {
      const mine = Number(row.dataset.stepRow) === step;
      if (mine) {
        // the focus follows the arrow keys
        for (const other of this.rows.querySelectorAll("[tabindex='0']")) other.setAttribute("tabindex", "-1");
        row.setAttribute("tabindex", "0");
        if (this.rows.contains(document.activeElement)) row.focus({ preventScroll: true });
      }
      row.toggleAttribute("data-current", mine);
      if (mine) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
      if (mine && this.open) {
        const low = row.offsetTop - this.rows.offsetTop;
        if (low < this.rows.scrollTop || low + row.offsetHeight > this.rows.scrollTop + this.rows.clientHeight) {
          this.rows.scrollTop = low - this.rows.clientHeight / 2;
        }
      }
    }
    const x = this.replay.length > 0 ? (WIDTH * step) / this.replay.length : 0;
    this.cursor.setAttribute("d", `M${x} 0V${HEIGHT}`);
    const value = (list: (number | null)[] | undefined): string => {
      const found = list?.[step];
      return found === undefined || found === null ? "?" : found.toLocaleString("en");
    };
    const legend = (kind: string, text: string): Element => h("span", { class: `isym-key isym-key-${kind}` }, text);
    if (this.open) {
      this.legend.replaceChildren(legend("nodes", `nodes ${this.replay.size(step)}`),
        legend("flops", `operations ${value(this.figures?.flops)}`), legend("bytes", `bytes ${value(this.figures?.bytes)}`),
        h("span", {}, this.figures === null ? "" : this.figures.note || `estimated for ${this.figures.inputs}`));
      this.about(step);
    }
  }

  private about(step: number): void {
    window.clearTimeout(this.timer);
    this.details.replaceChildren();
    if (step === 0) return;
    const known = this.known.get(step);
    if (known !== undefined) {
      this.describe(known);
      return;
    }
    this.timer = window.setTimeout(() => {
      void this.request("rewrite", { step }).then((answer: About) => {
        this.known.set(step, answer);
        if (this.step === step) this.describe(answer);
      }, (error: Error) => { this.details.textContent = error.message; });
    }, 120);
  }

  private describe(about: About): void {
    const good = about.check.state === "equal" || about.check.state === "digits";
    const bindings = about.bindings.map(([name, value]) => h("span", {}, h("code", {}, `${name} = ${value}`)));
    this.details.replaceChildren(
      h("span", { class: "isym-check", "data-check": about.check.state }, icon(good ? "equal" : "warning"),
        `on ${about.check.kind}: ${about.check.text}`),
      h("code", { "data-pattern": "" }, about.pattern), ...bindings,
      h("span", { class: "isym-muted" }, about.source));
  }

  private list(): void {
    const found = new Set(this.replay.matching(this.filter.value));
    this.rows.replaceChildren();
    let pass = "";
    for (let k = 1; k <= this.replay.length; k += 1) {
      if (!found.has(k)) continue;
      const step = this.replay.step(k);
      if (step.pass !== pass) this.rows.append(h("div", { class: "isym-pass", "data-pass": step.pass }, step.pass || "rewrites"));
      pass = step.pass;
      this.rows.append(h("button", { type: "button", class: "isym-step", "data-step-row": k, title: step.why, tabindex: this.rows.querySelector("button") ? -1 : 0,
        click: () => this.steps.seek(k) }, h("span", { class: "isym-muted" }, String(k)), step.rule));
    }
    this.shown.textContent = found.size === this.replay.length ? `${found.size}` : `${found.size} of ${this.replay.length}`;
    this.at(this.step);
  }

  private draw(): void {
    const values: [string, (number | null)[]][] = [
      ["nodes", Array.from({ length: this.replay.length + 1 }, (_, k) => this.replay.size(k))],
      ["flops", this.figures?.flops ?? []], ["bytes", this.figures?.bytes ?? []]];
    const chart = s("svg", { viewBox: `-4 -4 ${WIDTH + 8} ${HEIGHT + 8}`, preserveAspectRatio: "none", class: "isym-chart", "data-curves": "",
      role: "img", "aria-label": "nodes, operations and bytes along the rewrites", click: (event: MouseEvent) => {
        const box = chart.getBoundingClientRect();
        this.steps.seek(Math.round((this.replay.length * (event.clientX - box.left)) / Math.max(1, box.width)));
      } }, ...values.map(([kind, list]) => s("path", { class: `isym-curve isym-curve-${kind}`, d: curve(list, WIDTH, HEIGHT) })), this.cursor);
    this.curves.replaceChildren(chart, this.legend);
  }

  private bisecting(): Element {
    const results = h("select", { class: "isym-search", "data-bisect-result": "", "aria-label": "which result" }, h("option", { value: "" }, "any result"),
      ...this.replay.state(0).outputs.map(({ label }, k) => h("option", { value: k }, label)));
    const ask = (what: string, text: string): Element => button(`bisect-${what}`, text, "the first rewrite after which a result differs, on samples or on the inputs given to view", () => {
      this.result.textContent = "comparing…";
      void this.request("bisect", results.value === "" ? { what } : { what, result: Number(results.value) }).then((answer: { step: number; rule: string; text: string; inputs: string }) => {
        this.result.dataset.found = String(answer.step);
        this.result.replaceChildren(h("pre", {}, answer.text), h("span", { class: "isym-muted" }, answer.inputs));
        if (answer.step > 0) this.steps.seek(answer.step);
      }, (error: Error) => { this.result.textContent = error.message; });
    });
    return h("div", { class: "isym-tool" }, h("span", { class: "isym-muted" }, "bisect"), results, ask("digits", "digits"), ask("nan", "NaN, inf"));
  }

  private rules(): Element {
    const counts = new Map<string, number>();
    for (let k = 1; k <= this.replay.length; k += 1) {
      const { rule } = this.replay.step(k);
      if (rule !== "merge") counts.set(rule, (counts.get(rule) ?? 0) + 1);
    }
    const note = h("span", { class: "isym-muted", "data-compile-note": "", "aria-live": "polite" });
    const optimizer = h("select", { class: "isym-search", "data-optimizer": "", "aria-label": "optimizer" },
      ...OPTIMIZERS.map((name) => h("option", { value: name }, name || "same optimizer")));
    const boxes = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([rule, count]) => h("label", { class: "isym-toggle" },
      h("input", { type: "checkbox", checked: true, "data-rule-toggle": rule, change: (event: Event) => {
        if ((event.target as HTMLInputElement).checked) this.off.delete(rule);
        else this.off.add(rule);
      } }), `${rule} (${count})`));
    const compile = button("compile", "compile and compare", "compile without the rules that are off, and compare", () => {
      note.textContent = "compiling…";
      void this.request("compile", { excluded: [...this.off], optimizer: optimizer.value }).then((answer: ViewMessage) => {
        note.textContent = "";
        this.steps.open({ ...answer, note: [...(this.off.size > 0 ? [`without ${[...this.off].join(", ")}`] : []), optimizer.value].filter(Boolean).join("; ") || "compiled again" });
      }, (error: Error) => { note.textContent = error.message; });
    });
    return h("details", { class: "isym-tool isym-rules" }, h("summary", { "data-rules-off": "" }, "switch rules off"),
      h("div", { class: "isym-toggles" }, ...boxes), h("div", { class: "isym-controls" }, optimizer, compile), note);
  }
}

/** Two compilations side by side: each figure before and now. */
export function comparison(compared: Compared): Element {
  return h("div", { class: "isym-compared", "data-compared": "" }, ...compared.rows.map(([name, old, now]) =>
    h("div", { class: "isym-card", "data-figure": name, "data-changed": old !== now }, h("div", { class: "isym-muted" }, name),
      h("span", { "data-before": "" }, old), h("span", { class: "isym-muted" }, " to "), h("span", { "data-now": "" }, now))),
  h("div", { class: "isym-muted", "data-compared-note": "" }, compared.note));
}

/** Questions about a node, asked when wanted: who made it and removed it, why a rule did not fire. */
export function questions(item: Node, step: number, request: Request, seek: (step: number) => void): Element {
  const box = h("div", { class: "isym-stack", "data-history": "", "aria-live": "polite" });
  const ask = button("history", "who made it? why not?", "rewrites that lead to this node, and why a rule did not fire", () => {
    void request("history", { step, node: item.id }).then((answer: History) => {
      const rows = answer.rows.map((row) => h("button", { type: "button", class: "isym-link", "data-history-step": row.step, title: row.why,
        click: () => seek(row.step) }, `${row.what} ${row.step}: ${row.rule}`));
      const reason = h("div", { "data-why-not": "", "aria-live": "polite" });
      const rules = h("select", { class: "isym-search", "aria-label": "rule", "data-why-rule": "", change: () => {
        void request("why_not", { step, node: item.id, rule: rules.value }).then((text: string) => { reason.textContent = text; },
          (error: Error) => { reason.textContent = error.message; });
      } }, h("option", { value: "" }, "why not…"), ...answer.rules.map((rule) => h("option", { value: rule }, rule)));
      box.replaceChildren(...(rows.length > 0 ? rows : [h("span", { class: "isym-muted" }, "as written, and still there")]), rules, reason);
      rules.focus();
    }, (error: Error) => { box.textContent = error.message; });
  });
  box.append(ask);
  return box;
}
