"""Views in a real JupyterLab: an expression, a compiled function with its rewrites, states, keys, markup in names."""

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "import numpy as np\nimport interactive_sym.tensor as T\nfrom interactive_sym import function, shared\n"
    "from interactive_sym.tensor.shared_randomstreams import RandomStreams",
    "x = T.dmatrix('x')\nbad = T.dvector('<img src=x onerror=alert(1)>')\n"
    "s = 1 / (1 + T.exp(-x))\ns.name = 's'\ns + bad",
    "y = T.dvector('y')\nw = shared(np.zeros(3), name='w')\nb = shared(0., name='b')\n"
    "p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))\n"
    "cost = (-y * T.log(p_1) - (1 - y) * T.log(1 - p_1)).mean() + 0.01 * (w ** 2).sum()\n"
    "gw, gb = T.grad(cost, [w, b])\n"
    "train = function([x, y], [p_1 > 0.5, cost], updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)], name='train')\ntrain",
    "w",
    "srng = RandomStreams(seed=234)\nrv_u = srng.uniform((2, 2))\nsrng",
]

# `fingerprint` of replay.ts, of the compiled program itself
FINGERPRINT = """
from interactive_sym.viz import compiled, theme
graph = compiled.final_graph(train)
text = "".join(
    f"{n.id}|{n.op}|{theme.label(n)}|{','.join(f'{i}.{k}' for i, k in n.inputs)};" for n in graph.nodes
) + "".join(f"{o.id}.{o.index}={o.label};" for o in graph.outputs)
number = 0x811C9DC5
for character in text:
    number = ((number ^ ord(character)) * 0x01000193) & 0xFFFFFFFF
print(f"{number:08x}")
"""


@pytest.fixture(scope="module", params=["light", "dark"])
def notebook(request, lab, browser):
    """The notebook, run; its page, and the theme's name."""
    from tests.browser.lab import opened

    with opened(lab, browser, f"views-{request.param}", CELLS, request.param == "dark") as page:
        page.run_all()
        yield page, request.param


def step(view):
    return int(view.get_attribute("data-step"))


def drawn(view, number):
    """Wait until the graph after `number` rewrites is drawn and has stopped moving."""
    view.page.wait_for_function("([e, k]) => e.dataset.drawn === String(k)", arg=[view.element_handle(), number])
    view.page.wait_for_timeout(450)


def test_expression(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    assert view.get_attribute("data-kind") == "graph"
    view.locator("[data-label='exp']").click()
    details = view.locator("[data-inspector]")
    assert "float64, matrix" in details.inner_text()
    assert "s = 1 / (1 + T.exp(-x))" in details.inner_text()
    assert details.locator("[data-where]").get_attribute("data-where") == "cell 2 line 3"
    assert view.get_attribute("data-selected") == details.get_attribute("data-inspector")
    view.screenshot(path=screenshots / f"expression-{theme}.png")


def test_names_with_markup_are_text(notebook):
    page, _ = notebook
    view = page.view(0)
    view.locator("[data-label^='<img']").click()
    assert "<img src=x onerror=alert(1)>" in view.locator("[data-inspector]").inner_text()
    assert page.page.locator(".jp-OutputArea img[src='x']").count() == 0
    assert page.errors == []


def test_slider_walks_through_the_rewrites(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    steps = int(view.get_attribute("data-steps"))
    assert view.get_attribute("data-kind") == "function" and steps > 5 and step(view) == steps
    last = view.get_attribute("data-hash")
    slider = view.locator("[data-slider]")
    view.screenshot(path=screenshots / f"function-{theme}.png")
    hashes = []
    for k in range(steps + 1):
        slider.fill(str(k))
        assert step(view) == k
        if k:
            assert view.locator("[data-rule-name]").get_attribute("data-rule-name")
            assert view.locator("[data-why]").inner_text().strip()
        hashes.append(view.get_attribute("data-hash"))
    assert hashes[-1] == last and len(set(hashes)) > 1
    assert page.kernel(FINGERPRINT).strip() == last, "the last graph is the compiled one"
    for k in range(steps, -1, -1):
        slider.fill(str(k))
        assert view.get_attribute("data-hash") == hashes[k]
    drawn(view, 0)
    view.screenshot(path=screenshots / f"function-start-{theme}.png")


def test_before_and_after_are_marked(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    steps = int(view.get_attribute("data-steps"))
    slider = view.locator("[data-slider]")
    for k in range(steps, 0, -1):
        slider.fill(str(k))
        drawn(view, k)
        if view.locator("[data-mark='added']").count():
            break
    assert view.locator("[data-mark='added']").count() > 0
    view.screenshot(path=screenshots / f"after-{theme}.png")
    view.locator("[data-action='before']").click()
    drawn(view, k - 1)
    assert view.locator("[data-mark='removed']").count() > 0
    assert view.locator("[data-mark='added']").count() == 0
    view.screenshot(path=screenshots / f"before-{theme}.png")
    view.locator("[data-action='after']").click()


def test_nothing_overlaps(notebook):
    page, _ = notebook
    view = page.view(1)
    slider = view.locator("[data-slider]")
    for k in (0, int(view.get_attribute("data-steps"))):
        slider.fill(str(k))
        drawn(view, k)
        overlaps = view.evaluate(
            """(root) => {
                const boxes = [...root.querySelectorAll('.isym-node .isym-box')].map((e) => e.getBoundingClientRect());
                let count = 0;
                boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
                    if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) count += 1;
                }));
                return count;
            }"""
        )
        assert overlaps == 0
        cut = view.evaluate(
            """(root) => [...root.querySelectorAll('.isym-node')].filter((node) => {
                const box = node.querySelector('.isym-box').getBBox();
                return [...node.querySelectorAll('.isym-label, .isym-sub')].some((t) => {
                    const b = t.getBBox();
                    return b.x + b.width > box.width || b.y + b.height > box.height + 1;
                });
            }).map((node) => node.dataset.label)"""
        )
        assert cut == []


def test_source_and_receipt(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    view.locator("[data-tab='source']").click()
    source = view.locator("[data-source]").inner_text()
    assert "isym_kernel" in source
    assert source.strip() == page.kernel("print(train.c_source)").strip()
    view.screenshot(path=screenshots / f"source-{theme}.png")
    view.locator("[data-tab='receipt']").click()
    assert view.locator("[data-stage='compile C']").count() == 1
    view.screenshot(path=screenshots / f"receipt-{theme}.png")
    view.locator("[data-tab='graph']").click()


def test_keyboard_only(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    view.locator("[data-action='fit']").focus()
    page.page.keyboard.press("}")
    drawn(view, int(view.get_attribute("data-steps")))
    page.page.keyboard.press("/")
    page.page.keyboard.type("dot")
    page.page.keyboard.press("Enter")
    first = view.get_attribute("data-selected")
    assert first and view.locator(f"[data-node='{first}']").get_attribute("data-label").startswith(("dot", "gemv"))
    page.page.keyboard.press("Escape")
    view.locator(f"[data-node='{first}']").focus()
    page.page.keyboard.press("ArrowUp")
    assert view.get_attribute("data-selected") not in ("", first)
    page.page.keyboard.press("Escape")
    assert view.get_attribute("data-selected") == ""
    before = float(view.get_attribute("data-zoom"))
    page.page.keyboard.press("+")
    assert float(view.get_attribute("data-zoom")) > before
    page.page.keyboard.press("f")
    assert float(view.get_attribute("data-zoom")) == pytest.approx(before, rel=0.01)
    page.page.keyboard.press("?")
    assert view.locator("[data-help]").count() == 1
    view.screenshot(path=screenshots / f"help-{theme}.png")
    page.page.keyboard.press("Escape")
    assert view.locator("[data-help]").count() == 0
    page.page.keyboard.press("[")
    assert step(view) == int(view.get_attribute("data-steps")) - 1


def test_wheel_zooms_only_with_the_focus(notebook):
    page, _ = notebook
    view = page.view(0)
    canvas = view.locator("[data-canvas]")
    page.page.evaluate("() => document.activeElement?.blur()")
    before = view.get_attribute("data-zoom")
    canvas.hover()
    page.page.mouse.wheel(0, -50)
    page.page.wait_for_timeout(100)
    assert view.get_attribute("data-zoom") == before
    view.scroll_into_view_if_needed()
    canvas.focus()
    canvas.hover()
    page.page.mouse.wheel(0, -50)
    page.page.wait_for_timeout(100)
    assert float(view.get_attribute("data-zoom")) > float(before)


def test_states(notebook, screenshots):
    page, theme = notebook
    view = page.view(2)
    assert view.get_attribute("data-kind") == "state"
    assert "0" in view.locator("[data-row='w']").inner_text()
    page.kernel("w.set_value(np.array([1., 2., np.nan]))")
    view.locator("[data-action='refresh']").click()
    view.locator("[data-row='w']").get_by_text("1 nan").first.wait_for()
    view.screenshot(path=screenshots / f"shared-{theme}.png")
    page.kernel("w.set_value(np.zeros(3))")
    streams = page.view(3)
    assert "uniform" in streams.inner_text()
    streams.screenshot(path=screenshots / f"streams-{theme}.png")


def test_lines_paths_and_what_leads_where(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    view.locator("[data-slider]").fill("0")
    drawn(view, 0)
    view.locator("[data-canvas]").focus()
    page.page.keyboard.press("Escape")
    view.locator("[data-from-line='cell 3 line 5']").click()
    lit = view.locator("[data-node][data-lit]")
    assert lit.count() == int(view.get_attribute("data-lit")) > 3
    assert "from cell 3 line 5" in view.locator("[data-lit-note]").inner_text()
    view.locator("[data-canvas]").focus()
    page.page.keyboard.press("Escape")
    assert lit.count() == 0
    view.locator("[data-node][data-label='w']").click()
    view.locator("[data-node][data-label='gt']").click(modifiers=["Shift"])
    on_paths = lit.count()
    assert on_paths > 2 and "on paths between w and gt" in view.locator("[data-lit-note]").inner_text()
    assert view.locator("[data-edge][data-lit]").count() >= on_paths - 1
    view.screenshot(path=screenshots / f"paths-{theme}.png")
    view.locator("[data-node][data-label='y']").click(modifiers=["Shift"])
    assert lit.count() == 0 and "no path" in view.locator("[data-lit-note]").inner_text()
    view.locator("[data-action='downstream']").click()
    assert lit.count() >= on_paths
    view.locator("[data-node][data-label='w']").focus()
    page.page.keyboard.press("u")
    assert lit.count() == 1
    for _ in range(3):
        page.page.keyboard.press("Escape")
    assert lit.count() == 0 and view.get_attribute("data-selected") == ""
    view.locator("[data-slider]").fill(view.get_attribute("data-steps"))


def test_a_large_graph_is_drawn_where_one_looks(lab, browser, screenshots):
    from tests.browser.lab import opened

    chain = "z = T.dvector('z')\nv = z\nfor k in range(1500):\n    v = T.tanh(v) if k % 3 else v * z\nv"
    with opened(lab, browser, "large", [CELLS[0], chain]) as page:
        page.run(0, 1)
        view = page.view(0)
        state = view.locator("[data-inspector='view']").inner_text()
        assert "1501 nodes" in state
        drawn_ids = "(root) => [...root.querySelectorAll('[data-node]')].map((e) => e.dataset.node)"
        first = view.evaluate(drawn_ids)
        assert 5 < len(first) < 200
        assert view.locator("[data-minimap]").is_visible()
        view.screenshot(path=screenshots / "large.png")
        view.locator("[data-minimap]").click(position={"x": 12, "y": 5})
        page.page.wait_for_timeout(300)
        assert set(view.evaluate(drawn_ids)).isdisjoint(first)
        view.locator("[data-action='fit']").click()
        note = view.locator("[data-coarse]")
        assert note.is_visible() and "1,501 nodes" in note.inner_text()
        assert view.locator("[data-node]").count() == 0
        view.screenshot(path=screenshots / "large-far.png")
        view.locator("[data-search]").fill("vector")
        view.locator("[data-search]").press("Enter")
        assert view.get_attribute("data-selected") != ""


def test_a_narrow_view_cuts_nothing_off(lab, browser, screenshots):
    from tests.browser.lab import opened

    code = f"x = T.dmatrix('x')\n{CELLS[2]}"
    with opened(lab, browser, "narrow", [CELLS[0], code], width=640) as page:
        page.run(0, 1)
        page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        view = page.view(0)
        page.page.wait_for_timeout(500)
        view.screenshot(path=screenshots / "narrow.png")
        cut = view.evaluate(
            """(root) => [...root.querySelectorAll('button, input, .isym-count, .isym-title')].filter((e) => {
                const [a, b] = [e, root].map((x) => x.getBoundingClientRect());
                return a.width > 0 && (a.left < b.left - 1 || a.right > b.right + 1);
            }).map((e) => e.dataset.action ?? e.className)"""
        )
        assert cut == []


def test_whole_page(notebook, screenshots):
    page, theme = notebook
    page.page.screenshot(path=screenshots / f"page-{theme}.png")
    assert page.page.locator("[data-isym='view'][data-ready='1']").count() == 4


def test_a_view_opens_while_a_later_cell_runs(lab, browser):
    """Kernels with subshells (ipykernel 7) answer the view's comm during a busy cell."""
    ipykernel = pytest.importorskip("ipykernel", reason="the kernel of the notebook")
    from tests.browser.lab import write_notebook

    cells = [CELLS[0], CELLS[1], "import time\nend = time.time() + 6\nwhile time.time() < end: sum(range(1000))"]
    write_notebook(lab.root / "busy.ipynb", cells)
    with lab.page(browser) as page:
        page.open("busy.ipynb")
        page.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        page.page.wait_for_selector(".jp-OutputArea img, [data-isym='view']", timeout=20_000)
        if int(ipykernel.__version__.split(".")[0]) >= 7:
            page.page.wait_for_selector("[data-isym='view'][data-ready='1']", timeout=4_500)
            assert page.page.locator(".jp-InputArea-prompt", has_text="[*]").count() == 1
        page.view(0)
        assert page.errors == [] and page.external == []


def test_reduced_motion_and_forced_colours(lab, browser, screenshots):
    from tests.browser.lab import write_notebook

    write_notebook(lab.root / "plain.ipynb", CELLS[:2])
    lab.theme(False)
    with lab.page(browser, reduced_motion="reduce", forced_colors="active") as page:
        page.open("plain.ipynb")
        page.run_all()
        view = page.view(0)
        node = view.locator("[data-node]").first
        assert node.evaluate("(e) => getComputedStyle(e).transitionDuration") == "0s"
        view.screenshot(path=screenshots / "forced-colours.png")
        assert page.errors == []


def test_every_pane_in_forced_colours(lab, browser, screenshots):
    """What is chosen, pressed or marked can be told without backgrounds, shadows and colours of our own."""
    from tests.browser.lab import opened

    style = "(e, name) => getComputedStyle(e)[name]"
    options = {"forced_colors": "active", "reduced_motion": "reduce", "color_scheme": "dark"}
    code = f"x = T.dmatrix('x')\n{CELLS[2]}\nfrom interactive_sym import gradient_view"
    values = "gradient_view(cost, [w, b], {x: np.ones((2, 3)), y: [1, 0]})"
    with opened(lab, browser, "forced", [CELLS[0], code, "train", values], **options) as page:
        page.run_all()
        view = page.view(0)
        view.locator("[data-action='rewrites']").click()
        view.locator("[data-slider]").fill("11")
        view.locator("[data-action='overlay']").click()
        drawn(view, 11)
        pressed, plain = (view.locator(f"[data-action='{name}']") for name in ("overlay", "after"))
        assert pressed.evaluate(style, "backgroundColor") != plain.evaluate(style, "backgroundColor")
        assert view.locator("[data-step-row][data-current]").evaluate(style, "outlineStyle") == "solid"
        view.screenshot(path=screenshots / "forced-passes.png")
        for name in ("source", "plan", "receipt"):
            view.locator(f"[data-tab='{name}']").click()
            tabs = [view.locator(f"[data-tab='{tab}']").nth(0) for tab in (name, "graph")]
            assert tabs[0].evaluate(style, "borderBottomColor") != tabs[1].evaluate(style, "borderBottomColor")
            view.screenshot(path=screenshots / f"forced-{name}.png")
        rows = page.view(1)
        assert rows.locator("tr[data-chosen]").evaluate(style, "outlineStyle") == "solid"
        rows.screenshot(path=screenshots / "forced-gradient.png")


def test_a_saved_notebook_shows_its_pictures(lab, browser, screenshots):
    """Opened again without running: static pictures from what was stored, and what to do for the live view."""
    import nbformat
    from nbclient import NotebookClient

    from tests.browser.lab import write_notebook

    path = lab.root / "saved.ipynb"
    write_notebook(path, CELLS[:2])
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(lab.root)}}).execute()
    nbformat.write(notebook, path)
    assert path.stat().st_size < 64 * 1024
    with lab.page(browser) as page:
        page.open("saved.ipynb")
        assert "TensorType(float64, matrix)" in page.page.locator(".jp-OutputArea").nth(1).inner_text()
        page.page.evaluate(
            "() => { for (const c of window.jupyterapp.shell.currentWidget.content.model.cells) c.trusted = true; }"
        )
        note = page.page.locator("[data-note]", has_text="run the cell")
        note.wait_for(timeout=20_000)
        image = page.page.locator(".jp-OutputArea img")
        assert image.evaluate("(e) => e.naturalWidth") > 100
        page.page.screenshot(path=screenshots / "saved.png")
        assert page.errors == [] and page.external == []
