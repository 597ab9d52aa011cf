// Saving what is drawn as SVG or PNG: a copy of the drawing with its computed styles, so that it needs no style sheet.

import { button, h } from "./dom";

const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "opacity", "display", "color", "transform"];

/** The drawing as text of its own. */
export function standalone(drawing: SVGSVGElement): string {
  const twin = drawing.cloneNode(true) as SVGSVGElement;
  const from = [drawing, ...drawing.querySelectorAll<SVGElement>("*")];
  const to = [twin, ...twin.querySelectorAll<SVGElement>("*")];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value && !(name === "transform" && (value === "none" || element === drawing))) to[k].style.setProperty(name, value);
    }
  });
  const box = drawing.getBoundingClientRect();
  twin.setAttribute("width", String(Math.ceil(box.width)));
  twin.setAttribute("height", String(Math.ceil(box.height)));
  return new XMLSerializer().serializeToString(twin);
}

function download(name: string, url: string): void {
  h("a", { download: name, href: url }).click();
}

async function png(drawing: SVGSVGElement, name: string): Promise<void> {
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(standalone(drawing));
  await image.decode();
  const canvas = h("canvas", { width: image.width * 2, height: image.height * 2 });
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = getComputedStyle(drawing.closest(".isym-root")!).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  download(`${name}.png`, canvas.toDataURL("image/png"));
}

/** Buttons that save the drawing; `find` gives it. */
export function saveButtons(find: () => SVGSVGElement | null, title: string): HTMLElement {
  const name = title.replace(/[^\w-]+/g, "_").slice(0, 60) || "view";
  return h("span", { class: "isym-tool" },
    button("save-svg", "svg", "save the drawing as SVG", () => {
      const drawing = find();
      if (drawing !== null) download(`${name}.svg`, "data:image/svg+xml;charset=utf-8," + encodeURIComponent(standalone(drawing)));
    }),
    button("save-png", "png", "save the drawing as PNG", () => {
      const drawing = find();
      if (drawing !== null) void png(drawing, name);
    }));
}
