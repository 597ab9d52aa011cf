// The function inspector: C text whose lines know their nodes, and the compile receipt.

import { button, h } from "./dom";
import type { Node, ViewMessage } from "./records";

const TOKENS = /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*")|(^[ \t]*#[^\n]*)|\b(const|static|inline|restrict|void|int|char|float|double|int64_t|int32_t|uint8_t|size_t|for|while|if|else|return|struct|typedef|switch|case|break|continue)\b|\b(\d[\w.]*)/gm;
const KINDS = ["comment", "string", "macro", "keyword", "number"];

/** C text cut into pieces, each with its kind, or "" for the rest. */
export function tokens(source: string): [string, string][] {
  const found: [string, string][] = [];
  let end = 0;
  for (const match of source.matchAll(TOKENS)) {
    if (match.index > end) found.push(["", source.slice(end, match.index)]);
    found.push([KINDS[match.slice(1).findIndex((group) => group !== undefined)], match[0]]);
    end = match.index + match[0].length;
  }
  if (end < source.length) found.push(["", source.slice(end)]);
  return found;
}

/** The pieces of each line; comments over several lines are cut. */
export function lines(source: string): [string, string][][] {
  const found: [string, string][][] = [[]];
  for (const [kind, piece] of tokens(source)) {
    piece.split("\n").forEach((part, k) => {
      if (k > 0) found.push([]);
      if (part) found[found.length - 1].push([kind, part]);
    });
  }
  return found;
}

/** What the inspector asks of the rest of the view; ids are those of the compiled graph. */
export interface Compiled {
  node(id: number): Node | undefined;
  rewrites(id: number): [number, string][];
  seek(step: number): void;
  show(id: number): void;
}

/** The numbers of the lines of C that compute a node, from 1. */
export function linesOf(view: ViewMessage, id: number): number[] {
  return (view.code?.lines ?? []).flatMap((ids, k) => (ids.includes(id) ? [k + 1] : []));
}

/** C text beside what is known of the selected line. */
export class SourcePane {
  readonly element: HTMLElement;
  private readonly code = h("code", { "data-source": "" });
  private readonly side = h("aside", { class: "isym-side", "aria-label": "line", tabindex: 0, "data-line-details": "" });
  private readonly mapped: HTMLElement[] = [];
  private chosen: number[] = [];

  constructor(private readonly view: ViewMessage, private readonly compiled: Compiled) {
    const source = view.source ?? "";
    const known = view.code?.lines ?? [];
    lines(source.replace(/\n+$/, "")).forEach((pieces, k) => {
      const ids = known[k] ?? [];
      const line = h("span", { class: "isym-cline", "data-line": k + 1 });
      for (const [kind, piece] of pieces) line.append(kind ? h("span", { class: `isym-c-${kind}` }, piece) : piece);
      if (ids.length > 0) {
        line.dataset.nodes = ids.join(" ");
        line.setAttribute("role", "button");
        line.setAttribute("tabindex", this.mapped.length === 0 ? "0" : "-1");
        line.addEventListener("click", () => this.line(line));
        this.mapped.push(line);
      }
      if (k > 0) this.code.append("\n");
      this.code.append(line);
    });
    this.code.addEventListener("keydown", (event) => this.key(event));
    const copy = button("copy-source", "copy", "copy the C text", () => { void navigator.clipboard?.writeText(source); });
    this.element = h("div", { class: "isym-split isym-source-pane" },
      h("div", { class: "isym-stage" }, copy,
        h("div", { class: "isym-source", tabindex: 0, role: "region", "aria-label": "C source" },
          h("pre", { class: "isym-code" }, this.code))), this.side);
    this.describe();
  }

  /** Mark the lines of some nodes, and bring the first into view. */
  nodes(ids: number[]): void {
    this.chosen = ids;
    let first: HTMLElement | undefined;
    for (const line of this.mapped) {
      const mine = (line.dataset.nodes ?? "").split(" ").map(Number).some((id) => ids.includes(id));
      line.toggleAttribute("data-chosen", mine);
      line.setAttribute("aria-pressed", String(mine));
      if (mine) first ??= line;
    }
    const box = this.code.closest<HTMLElement>(".isym-source");
    if (first !== undefined && box !== null) box.scrollTop = Math.max(0, first.offsetTop - box.clientHeight / 3);
    this.describe();
  }

  private line(line: HTMLElement): void {
    const top = this.code.closest<HTMLElement>(".isym-source");
    const at = top?.scrollTop ?? 0;
    this.nodes((line.dataset.nodes ?? "").split(" ").map(Number));
    if (top) top.scrollTop = at;
    for (const other of this.mapped) other.setAttribute("tabindex", other === line ? "0" : "-1");
  }

  private key(event: KeyboardEvent): void {
    const at = this.mapped.indexOf(event.target as HTMLElement);
    if (at < 0) return;
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move !== 0) this.mapped[Math.max(0, Math.min(this.mapped.length - 1, at + move))].focus();
    else if (event.key === "Enter" || event.key === " ") this.line(this.mapped[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private describe(): void {
    if (this.chosen.length === 0) {
      this.side.replaceChildren(h("h3", { class: "isym-heading" }, "Your lines"), this.userLines(),
        h("p", { class: "isym-hint" }, "Choose one of your lines, or a line of C, to see what became of it."));
      return;
    }
    const parts: Element[] = [];
    for (const id of this.chosen.slice(0, 20)) {
      const item = this.compiled.node(id);
      if (item === undefined) continue;
      const facts = h("dl", { class: "isym-facts" },
        h("dt", {}, "type"), h("dd", {}, h("code", {}, item.types.join(", "))));
      if (item.where) facts.append(h("dt", {}, "your line"), h("dd", { "data-user-line": item.where }, item.where,
        h("code", { class: "isym-line" }, item.line)));
      const rules = h("span", { class: "isym-links" }, ...this.compiled.rewrites(id).map(([step, rule]) =>
        h("button", { type: "button", class: "isym-link", "data-seek": step, click: () => this.compiled.seek(step) }, `${step}: ${rule}`)));
      facts.append(h("dt", {}, "rules"), h("dd", { "data-rules": "" }, rules.childElementCount > 0 ? rules : "none: as written"),
        h("dt", {}, "C lines"), h("dd", {}, linesOf(this.view, id).join(", ")));
      parts.push(h("div", { "data-node-details": id }, h("h3", { class: "isym-heading" },
        h("button", { type: "button", class: "isym-link", "data-show": id, title: "show in the graph",
          click: () => this.compiled.show(id) }, item.label)), facts));
    }
    const all = h("button", { type: "button", class: "isym-link", "data-action": "all-lines", click: () => this.nodes([]) }, "all your lines");
    this.side.replaceChildren(...parts, h("p", { class: "isym-hint" }, all));
  }

  /** The user's lines that are in the C text, in his order; each marks what became of it. */
  private userLines(): Element {
    const found = new Map<string, { text: string; ids: number[] }>();
    for (const id of new Set((this.view.code?.lines ?? []).flat())) {
      const item = this.compiled.node(id);
      if (!item?.where) continue;
      const entry = found.get(item.where) ?? { text: item.line, ids: [] };
      entry.ids.push(id);
      found.set(item.where, entry);
    }
    const rows = [...found].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
    return h("div", { class: "isym-stack" }, ...rows.map(([where, { text, ids }]) =>
      h("button", { type: "button", class: "isym-link", "data-from": where, click: () => this.nodes(ids) },
        h("span", { class: "isym-muted" }, where), h("code", { class: "isym-line" }, text))));
  }
}

export function receiptPane(view: ViewMessage): Element {
  const receipt = view.function?.receipt ?? { stages: [], cache: "", compiler: "" };
  const most = Math.max(...receipt.stages.map(([, ms]) => ms), 1e-9);
  const total = receipt.stages.reduce((sum, [, ms]) => sum + ms, 0);
  const body = h("tbody");
  for (const [stage, ms] of receipt.stages) {
    const bar = h("div", { class: "isym-bar" });
    bar.style.width = `${(100 * ms) / most}%`;
    body.append(h("tr", { "data-stage": stage }, h("th", { scope: "row" }, stage), h("td", {}, `${ms.toFixed(1)} ms`),
      h("td", { class: "isym-bar-cell", "aria-hidden": "true" }, bar)));
  }
  body.append(h("tr", { class: "isym-total" }, h("th", { scope: "row" }, "total"), h("td", {}, `${total.toFixed(1)} ms`), h("td")));
  const facts = h("dl", { class: "isym-facts" });
  if (receipt.cache) facts.append(h("dt", {}, "kernel"), h("dd", { "data-cache": receipt.cache }, receipt.cache));
  if (receipt.compiler) facts.append(h("dt", {}, "compiler"), h("dd", {}, receipt.compiler));
  return h("div", { class: "isym-receipt", tabindex: 0, role: "region", "aria-label": "compile receipt" },
    h("table", { class: "isym-table" }, body), facts);
}
