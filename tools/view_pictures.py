"""Takes the pictures of docs/views.md and README.md from the real thing: `python -m tools.view_pictures [folder]`.

A JupyterLab runs the notebook of docs/views.md in Chromium, and the clicks written there are made one by one. What the
views answer is printed, so that the page can be compared with it.
"""

import base64
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser.lab import ARGUMENTS, Lab, LabPage, chromium, write_notebook

LIMIT = 150_000
DECODE = """async (png) => {
    const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, image.width, image.height).data;
    let text = '';
    for (let k = 0; k < bytes.length; k += 32768) text += String.fromCharCode(...bytes.subarray(k, k + 32768));
    return [image.width, image.height, btoa(text)];
}"""

CELLS = [
    """import numpy as np
import interactive_sym.tensor as T
from interactive_sym import RNGPanel, SharedStatePanel, explain, function, gradient_view, shared, view
from interactive_sym.tensor.shared_randomstreams import RandomStreams

rng = np.random.RandomState(0)
data = rng.randn(300, 784), rng.randint(0, 2, 300).astype(float)""",
    """x, y = T.dmatrix("x"), T.dvector("y")
w = shared(0.01 * rng.randn(784), name="w")
b = shared(0.0, name="b")
p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))
xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
cost = xent.mean() + 0.01 * (w ** 2).sum()
p_1.name, cost.name = "p_1", "cost"
gw, gb = T.grad(cost, [w, b])
train = function([x, y], [p_1 > 0.5, cost], name="train",
                 updates=[(w, w - 0.1 * gw),
                          (b, b - 0.1 * gb)])""",
    "view(train, inputs=data)",
    "for step in range(200): train(*data)",
    "SharedStatePanel(w, b)",
    """srng = RandomStreams(seed=234)
rv_u = srng.uniform((2, 2))
rv_n = srng.normal((2, 2))
f = function([], rv_u)
g = function([], rv_n, no_default_updates=True)
f(), f(), f(), g()
RNGPanel(srng)""",
    "gradient_view(cost, [w, b], inputs={x: data[0], y: data[1]})",
    "explain(train)",
]


def packed(rgb: np.ndarray) -> bytes:
    """A PNG of at most 256 colours: those that are there most often, and for the others the nearest of them.

    Args:
        rgb: bytes, of shape (height, width, 3).
    """
    height, width, _ = rgb.shape
    numbers = rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    parts = np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], 1).astype(int)
    kept = np.argsort(-counts, kind="stable")[:256]
    nearest = np.array([((parts[kept] - part) ** 2).sum(1).argmin() for part in parts], np.uint8)
    rows = nearest[place].reshape(height, width)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", parts[kept].astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    made = (
        struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def pixels(page: Any, png: bytes) -> np.ndarray:
    """The colours of a picture, decoded by the browser."""
    width, height, data = page.evaluate(DECODE, base64.b64encode(png).decode())
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[:, :, :3]


def shot(page: Any, where: Any, path: Path) -> None:
    """A picture of an element or a page, not too large for the repository."""
    path.write_bytes(packed(pixels(page, where.screenshot())))
    size = path.stat().st_size
    print(f"{path.name}: {size / 1e3:.0f} KB")
    if size > LIMIT:
        raise SystemExit(f"{path.name} has {size} bytes, more than {LIMIT}")


def said(question: str, answer: str) -> None:
    print(f"\n## {question}\n{answer.strip()}\n")


def settled(page: LabPage) -> None:
    """Waits until nothing moves any more."""
    page.page.mouse.move(0, 0)
    page.page.wait_for_timeout(900)


def notebook(page: LabPage, path: Path) -> None:
    """The picture of README.md: its cell, and the rewrite that made the logistic function, before and after in one."""
    train = page.view(0)
    train.locator("[data-action='rewrites']").click()
    train.locator("[data-step-row]", has_text="logistic").first.click()
    for action in ("overlay", "change"):
        train.locator(f"[data-action='{action}']").click()
    train.locator("[data-check]").wait_for()
    settled(page)
    shot(page.page, page.page.locator(".jp-Notebook .jp-Cell").first, path)


def walk(page: LabPage, save: Callable[..., None]) -> None:
    """The questions of docs/views.md, each with its clicks."""
    train, shared, streams, gradient = (page.view(k) for k in range(4))
    train.scroll_into_view_if_needed()
    settled(page)
    save(train, "function.png")

    # which rule made the sigmoid, and from which line
    train.locator("[data-search]").fill("sigmoid")
    train.locator("[data-search]").press("Enter")
    said("sigmoid", train.locator("[data-inspector]").inner_text())
    train.locator("[data-search]").fill("")
    train.locator("[data-seek]").first.click()
    train.locator("[data-action='overlay']").click()
    train.locator("[data-action='change']").click()
    settled(page)
    said("its rewrite", train.locator("[data-rule]").inner_text())
    save(train, "sigmoid.png")

    # which rewrite first changes the last digits
    train.locator("[data-action='rewrites']").click()
    train.locator("[data-bisect-result]").select_option(label="cost")
    train.locator("[data-action='bisect-digits']").click()
    train.locator("[data-bisect][data-found]").wait_for()
    train.locator("[data-check]").wait_for()
    train.locator("[data-action='change']").click()
    settled(page)
    said("bisect", train.locator("[data-bisect]").inner_text())
    said("on samples", train.locator("[data-check]").inner_text())
    save(train, "bisect.png")
    train.locator("[data-action='rewrites']").click()

    # why x is read once
    train.locator("[data-tab='plan']").click()
    train.locator("[data-action='measure']").click()
    train.locator("[data-measured]").wait_for()
    settled(page)
    said("loops", train.locator(".isym-receipt:visible").inner_text()[:1200])
    save(train, "loops.png")
    train.locator("[data-nest-nodes]", has_text="dot").first.click()
    settled(page)
    save(train, "source.png")
    said("explain", page.page.locator(".jp-RenderedHTMLCommon:visible", has_text="is read once").last.inner_text())

    said("w", shared.inner_text())
    shared.scroll_into_view_if_needed()
    settled(page)
    save(shared, "shared.png")
    said("streams", streams.inner_text())
    streams.scroll_into_view_if_needed()
    settled(page)
    save(streams, "streams.png")
    gradient.scroll_into_view_if_needed()
    row = gradient.locator("[data-gradient-row]", has_text="w").last
    row.click()
    settled(page)
    said("gradient", gradient.locator("[data-side]").inner_text())
    save(gradient, "gradient.png")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as notebooks, Lab(Path(notebooks)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        write_notebook(lab.root / "logistic.ipynb", CELLS)
        lab.theme(False)
        with lab.page(browser, width=1240, height=1500) as page:
            page.open("logistic.ipynb")
            page.run_all()
            page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            walk(page, lambda where, name: shot(page.page, where, folder / name))
            print(page.errors, page.external)
        readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
        write_notebook(lab.root / "regression.ipynb", [readme.split("```python\n")[1].split("```")[0].rstrip()])
        with lab.page(browser, width=1180, height=1400) as page:
            page.open("regression.ipynb")
            page.run_all()
            page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            notebook(page, folder.parent / "notebook.png" if folder.name == "views" else folder / "notebook.png")
            print(page.errors, page.external)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs" / "views"))
