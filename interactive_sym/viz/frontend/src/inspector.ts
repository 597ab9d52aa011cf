// The side panel: what is known of the selected node, or of the whole view where none is selected.

import { h } from "./dom";
import { iconButton } from "./icons";
import type { Argument, Node, ViewMessage } from "./records";
import type { Replay, State } from "./replay";
import { users } from "./replay";

export interface Actions { select(id: number): void; seek(step: number): void; line(where: string): void }

const LINES = 40;

function row(term: string, ...content: (Element | string)[]): Element[] {
  return [h("dt", {}, term), h("dd", {}, ...content)];
}

function chip(view: ViewMessage, family: string, text?: string): Element {
  const [colour, ink, glyph, title] = view.styles[family];
  const mark = h("span", { class: "isym-chip-glyph", "aria-hidden": "true" }, glyph);
  mark.style.background = colour;
  mark.style.color = ink;
  return h("span", { class: "isym-chip" }, mark, text ?? title);
}

function links(view: ViewMessage, state: State, ids: number[], actions: Actions): Element {
  const list = h("span", { class: "isym-links" });
  for (const id of ids) {
    const item = state.nodes.get(id);
    if (item === undefined) continue;
    const link = h("button", { type: "button", class: "isym-link", "data-goto": id, click: () => actions.select(id) },
      chip(view, item.family, item.label));
    list.append(link);
  }
  return list;
}

export function inspectNode(
  view: ViewMessage, state: State, replay: Replay, item: Node, actions: Actions,
): Element {
  const list = h("dl", { class: "isym-facts" });
  const names = item.names.filter(Boolean);
  if (names.length > 0) list.append(...row("name", names.join(", ")));
  if (item.op && item.op !== item.label) list.append(...row("op", h("code", {}, item.op)));
  list.append(...row(item.types.length > 1 ? "types" : "type", h("code", {}, item.types.join(", "))));
  if (item.value) list.append(...row("value", h("code", {}, item.value)));
  if (item.doc) list.append(...row("about", item.doc));
  if (item.where) {
    const place = h("button", { type: "button", class: "isym-link", "data-where": item.where, title: "light all nodes of this line",
      click: () => actions.line(item.where) }, item.where);
    list.append(...row("your line", place, ...(item.line ? [h("code", { class: "isym-line" }, item.line)] : [])));
  }
  if (item.origin) list.append(...row("origin", item.origin));
  const inputs = item.inputs.map(({ id }) => id);
  if (inputs.length > 0) list.append(...row("inputs", links(view, state, inputs, actions)));
  const used = users(state).get(item.id) ?? [];
  const results = state.outputs.filter(({ id }) => id === item.id).map(({ label }) => label);
  if (used.length > 0) list.append(...row("used by", links(view, state, used, actions)));
  if (results.length > 0) list.append(...row("result", results.join(", ")));
  const steps = replay.touching(item.id);
  if (steps.length > 0) {
    const history = h("span", { class: "isym-links" });
    for (const step of steps) {
      history.append(h("button", { type: "button", class: "isym-link", "data-seek": step, click: () => actions.seek(step) },
        `${step}: ${replay.step(step).rule}`));
    }
    list.append(...row("rewrites", history));
  }
  return h("div", { "data-inspector": item.id },
    h("h3", { class: "isym-heading" }, chip(view, item.family, item.label)), list);
}

/** `TensorType(float64, matrix)` as `float64 matrix`. */
export function short(type: string): string { return type.replace(/^TensorType\((\w+), (.*)\)$/, "$1 $2"); }

function signature(title: string, list: Argument[]): Element[] {
  return list.length === 0 ? [] : row(title, h("span", { class: "isym-stack" }, ...list.map(({ name, type, default: value }) =>
    h("code", {}, `${name}: ${short(type)}${value ? ` = ${value}` : ""}`))));
}

/** The user's lines that made this graph, each with its nodes. */
function lines(state: State, actions: Actions): Element[] {
  const found = new Map<string, string>();
  for (const { where, line, kind } of state.nodes.values()) if (where && kind === "op" && !found.has(where)) found.set(where, line);
  return [...found].slice(0, LINES).map(([where, line]) => h("button", { type: "button", class: "isym-link isym-from", "data-from-line": where,
    title: "light all nodes of this line", click: () => actions.line(where) }, h("span", { class: "isym-muted" }, where), h("code", {}, line)));
}

export function inspectView(view: ViewMessage, state: State, actions: Actions): Element {
  const list = h("dl", { class: "isym-facts" });
  const f = view.function;
  if (f !== undefined) {
    list.append(...signature("inputs", f.inputs), ...signature("outputs", f.outputs), ...signature("updates", f.updates));
  }
  const operations = [...state.nodes.values()].filter(({ kind }) => kind === "op").length;
  list.append(...row("graph", `${operations} operation${operations === 1 ? "" : "s"}, ${state.nodes.size} nodes`));
  const present = Object.keys(view.styles).filter((family) =>
    [...state.nodes.values()].some((item) => item.family === family));
  list.append(...row("legend", h("span", { class: "isym-stack" }, ...present.map((family) => chip(view, family)))));
  const made = lines(state, actions);
  if (made.length > 0) list.append(...row("your lines", h("span", { class: "isym-stack" }, ...made)));
  const hint = h("p", { class: "isym-hint" }, "Click a node for its details, Shift-click another for the paths between. Press ? for keys.");
  return h("div", { "data-inspector": "view" }, h("h3", { class: "isym-heading" }, view.title), list, hint);
}

const KEYS: [string, string][] = [
  ["arrows", "on a node: follow edges, up to inputs, down to users, left and right in the row"],
  ["← → ↑ ↓", "elsewhere: rewrite before, after (Shift: by 10); pass before, after"],
  ["Enter", "select the node; Esc: unselect"],
  ["Shift Enter", "light the paths between the selected node and this one (or Shift-click)"],
  ["u d", "light all upstream, downstream of the selected node"],
  ["/", "search"],
  ["+ − f", "zoom in, out, fit (0 also fits)"],
  ["c", "look at what this rewrite changes"],
  ["[ ]", "rewrite before, after"],
  ["{ }", "first graph, last graph"],
  ["b o", "show before or after of the rewrite; both in one"],
  ["n p", "next, previous rewrite that touches the selected node"],
  ["Space", "play or pause"],
  ["r", "list of rewrites: filter, curves, checks, bisect, rules off"],
  ["F", "fill the screen"],
  ["drag, wheel", "pan; zoom once the view has the focus"],
  ["?", "this help"],
];

export function help(close: () => void): Element {
  const list = h("dl", { class: "isym-keys" });
  for (const [keys, what] of KEYS) list.append(h("dt", {}, keys), h("dd", {}, what));
  return h("div", { class: "isym-help", role: "dialog", "aria-label": "keys", "data-help": "" },
    h("div", { class: "isym-help-head" }, h("strong", {}, "Keys, inside the view"), iconButton("close-help", "close", "close help", close)),
    list);
}
