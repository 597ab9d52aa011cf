// C text with line numbers, and the compile receipt.

import { button, h } from "./dom";
import type { ViewMessage } from "./records";

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

export function sourcePane(source: string): Element {
  const text = source.replace(/\n+$/, "");
  const count = text.split("\n").length;
  const code = h("code", { "data-source": "" });
  for (const [kind, piece] of tokens(text)) code.append(kind ? h("span", { class: `isym-c-${kind}` }, piece) : piece);
  const numbers = Array.from({ length: count }, (_, k) => String(k + 1)).join("\n");
  const copy = button("copy-source", "copy", "copy the C text", () => {
    void navigator.clipboard?.writeText(source);
  });
  return h("div", { class: "isym-source-pane" }, copy,
    h("div", { class: "isym-source", tabindex: 0, role: "region", "aria-label": "C source" },
      h("pre", { class: "isym-numbers", "aria-hidden": "true" }, numbers), h("pre", { class: "isym-code" }, code)));
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
