"""How quick the views are in a real JupyterLab: `python -m benchmarks.views [--nodes N ...]`, a table in Markdown.

For expressions and functions of so many nodes: milliseconds from running the cell to the first paint of the view, and
to all of it being there; a step of the rewrite slider; the longest task of the browser's main thread, beside that of a
cell which shows a picture of its own; bytes of the records that travel; and what the saved notebook holds. What a live
panel costs a loop that trains is `benchmarks.live`'s to measure.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

from tests.browser.lab import ARGUMENTS, Lab, LabPage, chromium, write_notebook

SETUP = """
import json, time
import numpy as np
import interactive_sym as isym
import interactive_sym.tensor as T
from interactive_sym.viz import widgets

def chain(n):
    x = T.dvector("x")
    y = x
    for k in range(n):
        y = 1 / (1 + T.exp(-y)) if k % 30 == 5 else T.tanh(y) if k % 3 == 0 else y * x if k % 3 == 1 else y + 0.5
    return x, y

def size(number):
    content = list(widgets._contents.values())[number]
    return len(json.dumps(widgets.VERBS["whole"](content, {}), separators=(",", ":")))

class Picture:
    def _repr_svg_(self):
        return "<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'>" + "<path d='M1 1'/>" * 400 + "</svg>"
"""

WATCH = """() => {
    window.isymTasks = [];
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.isymTasks.push(task.duration);
    }).observe({type: 'longtask'});
}"""

RUN = """async (number) => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = number;
    window.isymTasks.length = 0;
    const output = panel.content.widgets[number].node;
    const start = performance.now();
    let computed = 0;
    void window.jupyterapp.commands.execute('notebook:run-cell').then(() => { computed = performance.now(); });
    const until = async (state) => {
        while (!output.querySelector(`[data-isym='view'][data-${state}='1']`)) {
            if (performance.now() - start > 60000) return null;
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        await new Promise((resolve) => requestAnimationFrame(resolve));
        return performance.now() - start;
    };
    const painted = await until('painted');
    const whole = await until('ready');
    await new Promise((resolve) => setTimeout(resolve, 500));
    return {painted, whole, after: computed > 0 ? Math.max(0, painted - computed + start) : null,
            longest: Math.max(0, ...window.isymTasks)};
}"""

BARE = """async (number) => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
    window.isymTasks.length = 0;
    await window.jupyterapp.commands.execute('notebook:run-cell');
    await new Promise((resolve) => setTimeout(resolve, 500));
    return Math.max(0, ...window.isymTasks);
}"""

STEP = """async (number) => {
    const view = window.jupyterapp.shell.currentWidget.content.widgets[number].node.querySelector("[data-isym='view']");
    const moved = async (action) => {
        const before = view.dataset.step;
        const start = performance.now();
        view.querySelector(`[data-action='${action}']`)?.click();
        if (view.dataset.step === before) return null;
        while (view.dataset.drawn !== view.dataset.step && performance.now() - start < 5000) {
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return performance.now() - start;
    };
    const times = [];
    for (const action of [...Array(10).fill('previous'), ...Array(10).fill('next')]) {
        const time = await moved(action);
        if (time !== null) times.push(time);
    }
    return times;
}"""


def cell(page: LabPage, number: int) -> Any:
    """Runs a cell; what `RUN` measured."""
    return page.page.evaluate(RUN, number)


def sizes(lab: Lab, browser: Any, nodes: int) -> list[str]:
    """The table's rows for graphs of so many nodes."""
    name = f"nodes-{nodes}.ipynb"
    expression, function = f"x, y = chain({nodes})\ny", f"x, y = chain({nodes})\nf = isym.function([x], y)"
    write_notebook(lab.root / name, [SETUP, expression, function, "f", "Picture()"])
    rows = []
    with lab.page(browser) as page:
        page.open(name)
        page.page.evaluate(WATCH)
        page.page.evaluate(
            """async () => {
                window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }"""
        )
        for kind, number in (("expression", 1), ("function", 3)):
            if kind == "function":
                page.page.evaluate(
                    """async () => {
                        window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
                        await window.jupyterapp.commands.execute('notebook:run-cell');
                    }"""
                )
            seen = cell(page, number)
            steps = page.page.evaluate(STEP, number) if kind == "function" else []
            length = page.kernel("print(size(-1))").strip()
            step = f"{statistics.median(steps):.0f} ms" if steps else "-"
            paint = f"{seen['painted']:.0f} ms | {seen['whole']:.0f} ms | {seen['longest']:.0f} ms"
            rows.append(f"| {kind}, {nodes} operations | {paint} | {step} | {int(length) / 1e3:.0f} KB |")
        bare = page.page.evaluate(BARE, 4)
        rows.append(f"| a cell that shows another picture | - | - | {bare:.0f} ms | - | - |")
        page.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    saved = nbformat.read(lab.root / name, as_version=4)
    pictures = [len(str(output.get("data", {}))) for cell in saved.cells for output in cell.outputs if "data" in output]
    rows.append(f"| saved outputs, {nodes} operations | | | | | {max(pictures, default=0) / 1e3:.0f} KB at most |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("--nodes", nargs="+", type=int, default=[100, 1000, 10_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        print("| view | from running the cell to paint | to all of it | longest task | a step | records |")
        print("|---|---|---|---|---|---|", flush=True)
        for nodes in options.nodes:
            print("\n".join(sizes(lab, browser, nodes)), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
