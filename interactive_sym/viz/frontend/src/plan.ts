// Loop nests with their reasons, memory against time, and what a measurement found.

import type { Compiled } from "./code";
import { h, s } from "./dom";
import type { Measured, Request, ViewMessage } from "./records";

const ROW = 18;

/** `1500` nanoseconds as `1.5 µs`. */
export function time(ns: number): string {
  return ns < 1e3 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
}

/** `2048` as `2.0 kB`. */
export function size(bytes: number): string {
  return bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export class PlanPane {
  readonly element = h("div", { class: "isym-receipt", tabindex: 0, role: "region", "aria-label": "loop nests and memory" });
  private measured: Measured | null = null;
  private note = "";

  constructor(private readonly view: ViewMessage, private readonly request: Request, private readonly compiled: Compiled,
    private readonly mark: (ids: number[]) => void) {
    this.draw();
  }

  private measure(): void {
    this.note = "measuring…";
    this.draw();
    void this.request("measure").then((answer: Measured) => {
      this.measured = answer;
      this.note = `${answer.calls} calls on ${answer.inputs}; reading the clock is about 20 ns of each time`;
      this.draw();
    }, (error: Error) => {
      this.note = error.message;
      this.draw();
    });
  }

  private draw(): void {
    const ask = h("button", { type: "button", class: "isym-button", "data-action": "measure", click: () => this.measure() }, "measure");
    const focused = document.activeElement instanceof HTMLElement && document.activeElement.dataset.action === "measure"
      && this.element.contains(document.activeElement);
    this.element.toggleAttribute("data-measured", this.measured !== null);
    this.element.replaceChildren(
      h("div", { class: "isym-controls" }, h("strong", {}, "Loop nests, in the order they run"), h("span", { class: "isym-space" }),
        h("span", { class: "isym-muted", "data-measure-note": "", "aria-live": "polite" }, this.note), ask),
      this.nests(), h("h3", { class: "isym-heading isym-part" }, "Memory beside inputs"), this.memory());
    if (focused) ask.focus();
  }

  private nests(): Element {
    const head = ["", "sizes", "operations", "why it is one nest", "your lines", "time", "", "bytes"];
    const most = Math.max(1, ...(this.measured?.nests ?? []).map(({ ns }) => ns));
    const rows = (this.view.code?.nests ?? []).map((nest, k) => {
      const found = this.measured?.nests[k];
      const bar = h("div", { class: found === undefined ? "isym-bar isym-unmeasured" : "isym-bar" });
      bar.style.width = found === undefined ? "100%" : `${(100 * found.ns) / most}%`;
      const places = [...new Set(nest.nodes.map((id) => this.compiled.node(id)?.where ?? "").filter(Boolean))];
      const rate = found !== undefined && found.ns > 0 ? `, ${(found.bytes / found.ns).toFixed(2)} GB/s` : "";
      return h("tr", { "data-nest": k + 1 }, h("th", { scope: "row" }, String(k + 1)),
        h("td", {}, h("code", {}, nest.domain || "-"), nest.rows > 1 ? h("div", { class: "isym-muted" }, `${nest.rows} rows at a time`) : null),
        h("td", {}, h("button", { type: "button", class: "isym-link", "data-nest-nodes": k + 1, title: "show its C lines",
          click: () => this.mark(nest.nodes) }, nest.operations.join(" ") || "results")),
        h("td", { "data-reason": "" }, nest.reason, nest.threads ? h("div", { class: "isym-muted", "data-threads": "" }, nest.threads) : null), h("td", {}, places.join(", ")),
        h("td", { class: "isym-number" }, found === undefined ? "" : time(found.ns)), h("td", { class: "isym-bar-cell", "aria-hidden": "true" }, bar),
        h("td", { class: "isym-number" }, found === undefined ? "not measured" : size(found.bytes) + rate));
    });
    return h("table", { class: "isym-table isym-plan" }, h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows));
  }

  private memory(): Element {
    const buffers = this.view.code?.buffers ?? [];
    if (buffers.length === 0) return h("p", { class: "isym-muted" }, "none: all values live in registers, inputs or results");
    const count = Math.max(1, this.view.code?.nests.length ?? 1);
    const rows = buffers.map((buffer, k) => {
      const from = (100 * buffer.first) / count;
      const wide = (100 * (buffer.last + 1 - buffer.first)) / count;
      const chart = s("svg", { class: "isym-life", width: "100%", height: ROW, role: "img",
        "aria-label": `used from nest ${buffer.first + 1} to nest ${buffer.last + 1}` },
      s("rect", { x: "0", y: ROW / 2 - 1, width: "100%", height: 1, class: "isym-axis" }),
      s("rect", { x: `${from}%`, y: 3, width: `${wide}%`, height: ROW - 6, rx: 3, class: `isym-life-${buffer.kind}` }));
      const bytes = this.measured?.buffers[k];
      return h("tr", { "data-buffer": buffer.name }, h("th", { scope: "row" }, h("code", {}, buffer.name)),
        h("td", {}, h("code", {}, `${buffer.dtype} ${buffer.shape}`)), h("td", {}, buffer.kind),
        h("td", { class: "isym-life-cell" }, chart), h("td", {}, `${buffer.first + 1} to ${buffer.last + 1}`),
        h("td", {}, buffer.values.length > 1 ? `holds in turn ${buffer.values.join(", ")}` : buffer.values.join("")),
        h("td", { class: "isym-number" }, bytes === undefined ? "" : size(bytes)));
    });
    const head = ["buffer", "element and sizes", "kind", "life", "nests", "values", "bytes"];
    const total = this.measured === null ? null : h("p", { class: "isym-muted", "data-peak": "" }, `in all ${size(this.measured.buffers.reduce((a, b) => a + b, 0))}`);
    return h("div", {}, h("table", { class: "isym-table isym-plan" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...rows)), total);
  }
}
