// From a place such as "cell 3 line 5" to that line in the notebook.

const PLACE = /^cell (\d+) line (\d+)$/;

/** The cell's execution count and the line, or null where the place is a file. */
export function cellLine(place: string): [number, number] | null {
  const found = PLACE.exec(place);
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

/** Scrolls to the line and marks it for a moment; false where no such cell is in the page. */
export function reveal(place: string): boolean {
  const wanted = cellLine(place);
  if (wanted === null) return false;
  const prompts = [...document.querySelectorAll<HTMLElement>(".jp-CodeCell .jp-InputArea-prompt")];
  const cell = prompts.find((prompt) => prompt.textContent?.trim() === `[${wanted[0]}]:`)?.closest<HTMLElement>(".jp-CodeCell");
  if (!cell) return false;
  const line = cell.querySelectorAll<HTMLElement>(".cm-line")[wanted[1] - 1] ?? cell;
  line.scrollIntoView({ block: "center" });
  line.classList.add("isym-revealed");
  window.setTimeout(() => line.classList.remove("isym-revealed"), 2000);
  return true;
}
