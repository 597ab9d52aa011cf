"""What a live panel costs a training loop, in a real JupyterLab: `python -m benchmarks.live`, a table in Markdown.

A cell trains a logistic regression (400 samples of 784 features) while its weights are shown in a cell's output, and
then, in another notebook, while JupyterLab's side panel lists them. First for some seconds with the view live: how many
updates the browser drew, and messages and bytes a second. Then the browser turns the view on and off every two seconds,
and the loop says how many steps it made in each tenth of a second: the slowdown is the median over neighbouring periods
with and without.

On a machine that has other work that rate swings by much more than what is to be measured. So the table also has what
only the kernel itself changes: for how long the loop's thread was held up, neither running nor waiting for a processor
(Linux says so), and how much of a processor the kernel's other threads took. The loop has one thread here, as the rest
would be counted among the others.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.lab import ARGUMENTS, Lab, chromium, write_notebook

SETUP = """
import os
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import json, threading, time
import numpy as np
import interactive_sym as isym
import interactive_sym.tensor as T
from interactive_sym.viz.sampler import sampler

data, targets = np.random.RandomState(0).randn(400, 784), np.random.RandomState(1).randint(0, 2, 400)
x, y = T.dmatrix("x"), T.lvector("y")
w, b = isym.shared(np.zeros(784), name="w"), isym.shared(0.0, name="b")
p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))
cost = (-y * T.log(p_1) - (1 - y) * T.log(1 - p_1)).mean() + 0.01 * (w ** 2).sum()
gw, gb = T.grad(cost, [w, b])
train = isym.function([x, y], [p_1 > 0.5, cost], updates=[(w, w - 0.001 * gw), (b, b - 0.001 * gb)], name="train")

def state():
    # seconds: on the clock, on a processor, waiting for one, and on processors of other threads
    with open(f"/proc/self/task/{threading.get_native_id()}/schedstat") as file:
        running, waiting, _ = map(int, file.read().split())
    return np.array([time.perf_counter(), running / 1e9, waiting / 1e9, time.process_time() - time.thread_time()])

def run(seconds):
    slices, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        watched, count, start, before = sampler.count(), 0, time.perf_counter(), state()
        while time.perf_counter() - start < 0.1:
            train(data, targets)
            count += 1
        wall, running, waiting, others = (state() - before).tolist()
        if watched == sampler.count():
            slices.append((watched, count / wall, (wall - running - waiting) / running, others / wall))
    return slices
"""

COUNT = """() => {
    window.isymUpdates = 0;
    const drawn = new MutationObserver(() => { window.isymUpdates += 1; });
    const view = document.querySelector("[data-isym='view'][data-kind='state']");
    if (view) drawn.observe(view, {attributes: true, attributeFilter: ['data-updates']});
    else drawn.observe(document.querySelector("[data-isym='panel']"), {childList: true});
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    window.isymNews = [];
    kernel.iopubMessage.connect((_, message) => {
        if (message.header.msg_type === 'comm_msg' && message.content.data?.push)
            window.isymNews.push(message.buffers.reduce((sum, part) => sum + part.byteLength, 0));
    });
}"""


Slice = tuple[int, float, float, float]


def periods(slices: Sequence[Slice]) -> list[Slice]:
    """Means over slices as long as the panel stays on or off: 1 or 0, steps a second, held up, other threads."""
    found: list[tuple[int, list[Slice]]] = []
    for each in slices:
        if not found or found[-1][0] != each[0]:
            found.append((each[0], []))
        found[-1][1].append(each)

    def mean(joined: list[Slice], column: int) -> float:
        return statistics.mean(each[column] for each in joined)

    return [(on, mean(joined, 1), mean(joined, 2), mean(joined, 3)) for on, joined in found if len(joined) > 5]


def measure(lab: Lab, browser: Any, side: bool, seconds: float, rounds: int) -> list[str]:
    """The table's rows, for the view in a cell's output or for the side panel."""
    total = 4.0 * rounds + 2
    name = "side panel" if side else "panel in a cell"
    write_notebook(
        lab.root / f"{name}.ipynb", [SETUP, "0" if side else "w", f"slices = run({seconds})", f"slices = run({total})"]
    )
    with lab.page(browser, width=1500) as page:
        page.open(f"{name}.ipynb")
        page.run(0, 1)
        if side:
            page.page.evaluate("() => window.jupyterapp.commands.execute('interactive-sym:panel')")

        def scroll() -> None:
            if not side:
                page.view(0).scroll_into_view_if_needed()

        scroll()
        page.page.wait_for_selector("[data-live='true']")
        page.page.evaluate(COUNT)
        page.start(2)
        scroll()
        page.page.wait_for_function("() => window.isymDone === true", timeout=1000 * (seconds + 60))
        updates, news = page.page.evaluate("() => [window.isymUpdates, window.isymNews]")
        page.start(3)
        scroll()
        for _ in range(2 * rounds):
            page.page.wait_for_timeout(2000)
            if side:
                page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-right-area')")
            else:
                page.view(0).locator("[data-action='live']").click()
        page.page.wait_for_function("() => window.isymDone === true", timeout=1000 * (total + 60))
        slices = json.loads(page.kernel("print(json.dumps(slices))"))
    joined = periods(slices)
    ratios = []
    for left, right in pairwise(joined):
        shown, bare = (left, right) if left[0] else (right, left)
        ratios.append(bare[1] / shown[1] - 1)

    def median(on: bool, column: int) -> float:
        return 100 * statistics.median(each[column] for each in joined if each[0] == on)

    return [
        f"| {name} | | |",
        f"| updates drawn in a loop of {seconds:g} s | {updates} | |",
        f"| messages a second | {len(news) / seconds:.1f} | |",
        f"| kilobytes a second | {sum(news) / seconds / 1e3:.1f} | |",
        f"| steps a second less, median of {len(ratios)} | {100 * statistics.median(ratios):.2f} % | |",
        f"| the loop is held up, of its time | {median(True, 2):.2f} % | {median(False, 2):.2f} % |",
        f"| the kernel's other threads, of a processor | {median(True, 3):.2f} % | {median(False, 3):.2f} % |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the loop whose updates are counted")
    parser.add_argument("--rounds", type=int, default=10, help="how often the panel is turned off and on")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        print("| | live | not |")
        print("|---|---|---|", flush=True)
        for side in (False, True):
            print("\n".join(measure(lab, browser, side, options.seconds, options.rounds)), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
