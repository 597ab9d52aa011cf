// Icons as drawings, so that they look alike whatever fonts there are.

import { button, s } from "./dom";

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  previous: "M11.5 2.5v11L4 8z",
  next: "M4 2.5v11L11.5 8zM12 3h1.6v10H12z",
  close: "M3.8 2.4 8 6.6l4.2-4.2 1.4 1.4L9.4 8l4.2 4.2-1.4 1.4L8 9.4l-4.2 4.2-1.4-1.4L6.6 8 2.4 3.8z",
  refresh: "M8 2a6 6 0 1 0 6 6h-1.8A4.2 4.2 0 1 1 8 3.8c1.1 0 2.1.4 2.8 1.1L8.8 7H14V1.6l-1.9 2A6 6 0 0 0 8 2z",
  list: "M2 3h2v2H2zM6 3h8v2H6zM2 7h2v2H2zM6 7h8v2H6zM2 11h2v2H2zM6 11h8v2H6z",
  back: "M7 2.5 1.5 8 7 13.5V10h7V6H7z",
  equal: "M3 5h10v2H3zM3 9h10v2H3z",
  warning: "M8 1.5 15 14H1zM7.2 6v4h1.6V6zM7.2 11v1.6h1.6V11z",
};

export type Icon = keyof typeof PATHS;

export function icon(name: Icon): SVGSVGElement {
  return s("svg", { class: "isym-icon", viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true", "data-icon": name },
    s("path", { d: PATHS[name], "fill-rule": "evenodd" }));
}

/** A button with an icon, and perhaps text beside it. */
export function iconButton(action: string, name: Icon, label: string, click: () => void, text = ""): HTMLButtonElement {
  const made = button(action, "", label, click);
  made.classList.add("isym-with-icon");
  made.replaceChildren(icon(name), ...(text ? [text] : []));
  return made;
}
