// Shared variables and random streams as a table, read again on request.

import { h } from "./dom";
import { iconButton } from "./icons";
import { short } from "./inspector";
import type { Request, StateRow, ViewMessage } from "./records";

function line(row: StateRow, shaped: boolean): Element {
  const warn = row.statistics.filter(([name, value]) => (name === "nan" || name === "inf") && value !== "0");
  const figures = h("span", { class: "isym-figures" }, ...row.statistics.filter((pair) => !warn.includes(pair) && !["nan", "inf"].includes(pair[0]))
    .map(([name, value]) => h("span", { class: "isym-figure" }, h("span", { class: "isym-muted" }, `${name} `), value)));
  for (const [name, value] of warn) figures.append(h("span", { class: "isym-warning" }, `⚠ ${value} ${name}`));
  return h("tr", { "data-row": row.name },
    h("th", { scope: "row" }, row.name), h("td", {}, short(row.type)),
    shaped ? h("td", {}, row.shape === null ? "" : `(${row.shape.join(", ")}${row.shape.length === 1 ? "," : ""})`) : null,
    h("td", {}, figures, h("code", { class: "isym-sample" }, row.sample)));
}

export function statePane(root: HTMLElement, view: ViewMessage, request: Request): void {
  const body = h("tbody");
  const shaped = (view.state?.rows ?? []).some((row) => row.shape !== null);
  const show = (rows: StateRow[]): void => body.replaceChildren(...rows.map((row) => line(row, shaped)));
  const refresh = iconButton("refresh", "refresh", "read the values again", () => {
    void request("state").then((answer: ViewMessage) => {
      if (answer.state) {
        show(answer.state.rows);
        root.dataset.refreshed = String(1 + Number(root.dataset.refreshed ?? 0));
      }
    });
  }, "refresh");
  show(view.state?.rows ?? []);
  const head = h("thead", {}, h("tr", {}, ...["name", "type", ...(shaped ? ["shape"] : []), "value"].map((text) => h("th", { scope: "col" }, text))));
  root.append(h("div", { class: "isym-bar-top" }, h("strong", { class: "isym-title" }, view.title), h("span", { class: "isym-space" }), refresh),
    h("div", { class: "isym-state" }, h("table", { class: "isym-table" }, head, body)));
}
