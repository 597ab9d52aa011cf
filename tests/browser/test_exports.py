"""The gradient view in JupyterLab, pictures saved by the browser, and pages that replay alone from a file."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

MODEL = (
    "import numpy as np\nimport interactive_sym.tensor as T\nfrom interactive_sym import function, shared\n"
    "from interactive_sym.viz.views import *\n"
    "x, y = T.dmatrix('x'), T.dvector('y')\nw, b = shared(np.zeros(3), name='w'), shared(0., name='b')\n"
    "p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))\n"
    "cost = (-y * T.log(p_1) - (1 - y) * T.log(1 - p_1)).mean()\nf = function([x, y], cost, name='f')"
)
VALUES = (
    "data, labels = np.arange(12.).reshape(4, 3) / 5 - 1, np.array([1., 0, 0, 1])\n"
    "gw = function([x, y], T.grad(cost, w))\n"
    "gradient_view(cost, [w, b], inputs={x: data, 'y': labels})"
)


@pytest.mark.parametrize("dark", [False, True])
def test_the_backward_pass_by_keys(lab, browser, screenshots, dark):
    from tests.browser.lab import write_notebook

    write_notebook(lab.root / f"gradient-{dark}.ipynb", [MODEL, VALUES, "cost"])
    lab.theme(dark)
    with lab.page(browser) as page:
        page.open(f"gradient-{dark}.ipynb")
        page.run_all()
        view = page.view(0)
        last = int(view.get_attribute("data-chosen"))
        view.locator("[data-gradient-row][tabindex='0']").focus()
        page.page.keyboard.press("ArrowDown")
        assert int(view.get_attribute("data-chosen")) == last - 1
        page.page.keyboard.press("End")
        assert view.get_attribute("data-chosen") == "0"
        assert "dot.grad of x" in view.locator("[data-side]").inner_text()
        assert "shared(np.zeros(3), name='w')" in view.locator("[data-side]").inner_text()
        size = view.locator("[data-side] [data-size]").get_attribute("data-size")
        assert float(size) == pytest.approx(float(page.kernel("print(abs(gw(data, labels)).max())")), rel=1e-2)
        assert view.locator("[data-heat='1']").count() >= 1 and view.locator("[data-heat='0']").count() >= 1
        assert view.locator(".isym-heat-cell code").evaluate_all("(codes) => codes.every((e) => e.offsetHeight < 24)")
        widths = view.locator("[data-heat]:not([data-heat='none']) .isym-heat-bar").evaluate_all(
            "(bars) => bars.map((e) => [Number(e.parentElement.dataset.heat), e.getBoundingClientRect().width])"
        )
        assert sorted(widths) == sorted(widths, key=lambda pair: pair[1])
        view.screenshot(path=screenshots / f"gradient-{'dark' if dark else 'light'}.png")
        graph = page.view(1)
        for kind in ("svg", "png"):
            with page.page.expect_download() as found:
                graph.locator(f"[data-action='save-{kind}']").click()
            assert found.value.suggested_filename.endswith(kind)
            data = Path(found.value.path()).read_bytes()
            assert data.startswith(b"\x89PNG" if kind == "png" else b"<svg") and len(data) > 2000
        assert page.errors == []
        assert page.external == []


def test_bisect_on_the_users_inputs(lab, browser, screenshots):
    from tests.browser.lab import opened

    code = "z = T.dvector('z')\ng = function([z], T.log(1 + T.exp(z)), name='g')\nview(g, [[1., 800.]])"
    with opened(lab, browser, "inputs", [MODEL, code]) as page:
        page.run(0, 1)
        view = page.view(0)
        view.locator("[data-action='rewrites']").click()
        view.locator("[data-action='bisect-nan']").click()
        found = view.locator("[data-bisect][data-found]")
        found.wait_for(timeout=10_000)
        assert found.get_attribute("data-found") == view.get_attribute("data-step") != "0"
        assert "your inputs: z (2,)" in found.inner_text() and "log1p_of_exp" in found.inner_text()
        view.locator("[data-check]").wait_for(timeout=10_000)
        assert "on your inputs" in view.locator("[data-check]").inner_text()
        view.screenshot(path=screenshots / "bisect-inputs.png")


def test_pages_replay_alone(browser, tmp_path, screenshots):
    views = pytest.importorskip("interactive_sym.viz.views")
    names: dict = {}
    exec(MODEL, names)
    shown = {
        "function": views.view(names["f"]),
        "state": views.SharedStatePanel(names["w"], names["b"]),
        "gradient": views.gradient_view(names["cost"], names["w"]),
        "graph": views.view(names["cost"]),
    }
    context = browser.new_context(offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for kind, each in shown.items():
        each.save(tmp_path / f"{kind}.html")
        page.goto((tmp_path / f"{kind}.html").as_uri())
        view = page.locator(f"[data-isym='view'][data-kind='{kind}'][data-ready='1']")
        view.wait_for(timeout=10_000)
        page.screenshot(path=screenshots / f"page-{kind}.png")
        if kind == "function":
            end = view.get_attribute("data-hash")
            slider = view.locator("[data-slider]")
            slider.focus()
            page.keyboard.press("Home")
            page.wait_for_function("() => document.querySelector('[data-isym=view]').dataset.step === '0'")
            assert view.get_attribute("data-hash") != end
            page.keyboard.press("End")
            page.wait_for_function("(h) => document.querySelector('[data-isym=view]').dataset.hash === h", arg=end)
            view.locator("[data-action='overlay']").click()
            page.wait_for_function("() => document.querySelectorAll('[data-edge][data-mark]').length > 0")
            page.wait_for_timeout(450)
            page.screenshot(path=screenshots / "page-overlay.png")
    context.close()
    assert errors == []
