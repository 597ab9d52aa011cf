// Elements made without HTML text: strings become text nodes, so no name of the user's is ever parsed.

const SVG = "http://www.w3.org/2000/svg";

type Attributes = Record<string, string | number | boolean | ((event: any) => void)>;
type Child = Element | string | null;

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Element | string => child !== null));
  return element;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function button(action: string, text: string, label: string, click: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "isym-button", "data-action": action, title: label, "aria-label": label, click },
    text);
}
