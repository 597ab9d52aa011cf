// The gradient view: variables from inputs to the cost on the left, their derivatives on the right, stepped backwards.

import { button, h } from "./dom";
import type { ViewMessage } from "./records";

export interface GradientRow {
  name: string; op: string; type: string; where: string; line: string; status: string; gradient: string; rules: string[];
  inputs: number[]; wanted: boolean; why: string; size: string; heat: number | null;
}

const SIGNS: Record<string, string> = { zero: "0", disconnected: "∅ disconnected", none: "⚠ no gradient", discrete: "# discrete" };

/** The size of a derivative as a bar, longer and redder the greater it is; hatched where it is zero or not finite. */
function heat(row: GradientRow): Element {
  const bar = h("span", { class: "isym-heat-bar", "aria-hidden": "true" });
  if (row.heat === null) bar.toggleAttribute("data-none", true);
  else {
    bar.style.width = `${Math.round(8 + 52 * row.heat)}px`;
    bar.style.background = `color-mix(in oklab, #56b4e9, #d55e00 ${Math.round(100 * row.heat)}%)`;
  }
  return h("span", { class: "isym-heat-cell", "data-heat": row.heat === null ? "none" : String(row.heat) }, bar, h("code", {}, row.size));
}

export function gradientPane(root: HTMLElement, view: ViewMessage): void {
  const rows = view.rows ?? [];
  const last = rows.length - 1;
  const sized = rows.some((row) => row.size !== "");
  const side = h("aside", { class: "isym-gradient-side", "aria-live": "polite", "data-side": "" });
  const lines: HTMLElement[] = [];
  let chosen = last;

  const choose = (index: number, focus: boolean): void => {
    chosen = Math.max(0, Math.min(last, index));
    const row = rows[chosen];
    lines.forEach((line, k) => {
      line.toggleAttribute("data-chosen", k === chosen);
      line.toggleAttribute("data-near", row.inputs.includes(k) || rows[k].inputs.includes(chosen));
      // what the backward pass has not come to yet is pale
      line.toggleAttribute("data-later", k < chosen);
      line.setAttribute("tabindex", k === chosen ? "0" : "-1");
      line.setAttribute("aria-selected", String(k === chosen));
    });
    if (focus) lines[chosen].focus();
    lines[chosen].scrollIntoView?.({ block: "nearest" });
    root.dataset.chosen = String(chosen);
    side.replaceChildren(
      h("div", {}, "d cost / d ", h("code", {}, row.name), " = ", h("code", { "data-gradient": "" }, row.gradient || SIGNS[row.status] || "")),
      row.size ? h("div", { "data-size": row.size }, "|grad| = ", h("code", {}, row.size), h("span", { class: "isym-muted" }, ", the greatest element")) : "",
      row.why ? h("div", { class: "isym-warning" }, row.why) : "",
      ...row.rules.map((rule) => h("div", { "data-gradient-rule": "" }, `by ${rule}`)),
      row.where ? h("div", {}, row.where, h("code", { class: "isym-line" }, row.line)) : "");
  };
  const body = h("tbody", { keydown: (event: KeyboardEvent) => {
    const move: Record<string, number> = { ArrowUp: chosen + 1, ArrowDown: chosen - 1, Home: last, End: 0 };
    if (move[event.key] === undefined) return;
    choose(move[event.key], true);
    event.preventDefault();
    event.stopPropagation();
  } });
  rows.forEach((row, k) => {
    lines.push(h("tr", { "data-gradient-row": k, "data-status": row.status, click: () => choose(k, true) },
      h("th", { scope: "row" }, row.wanted ? "★ " : "", h("code", {}, row.name)), h("td", {}, row.op), h("td", {}, row.type),
      ...(sized ? [h("td", {}, row.size ? heat(row) : "")] : []), h("td", {}, SIGNS[row.status] ? h("span", { class: "isym-chip" }, SIGNS[row.status]) : h("code", {}, row.gradient))));
  });
  body.append(...[...lines].reverse());
  const head = h("thead", {}, h("tr", {}, ...["forward: variable", "operation", "type", ...(sized ? ["|grad|"] : []), "backward: d cost / d variable"].map((text) => h("th", { scope: "col" }, text))));
  root.append(
    h("div", { class: "isym-bar-top" }, h("strong", { class: "isym-title" }, view.title), h("span", { class: "isym-space" }),
      button("back-start", "cost", "to the cost, where the backward pass begins", () => choose(last, true)),
      button("back-step", "back", "one step of the backward pass (arrow down)", () => choose(chosen - 1, true)),
      button("forth-step", "forth", "one step towards the cost (arrow up)", () => choose(chosen + 1, true))),
    h("div", { class: "isym-gradient" }, h("table", { class: "isym-table isym-gradient-table", role: "grid", "aria-label": view.title }, head, body)), side,
    sized ? "" : h("div", { class: "isym-muted isym-live-note" }, "with values, gradient_view(cost, wrt, inputs={…}) also shows how large each derivative is"));
  if (rows.length > 0) choose(last, false);
}
