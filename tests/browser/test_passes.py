"""The pass explorer and the function inspector in a real JupyterLab."""

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "import numpy as np\nimport interactive_sym.tensor as T\nfrom interactive_sym import function, shared, scan",
    "x = T.dmatrix('x')\ny = T.dvector('y')\nw = shared(np.zeros(4), name='<b>w</b>')\nb = shared(0., name='b')\n"
    "p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))\n"
    "cost = (-y * T.log(p_1) - (1 - y) * T.log(1 - p_1)).mean() + 0.01 * (w ** 2).sum()\n"
    "gw, gb = T.grad(cost, [w, b])\n"
    "train = function([x, y], [p_1 > 0.5, cost], updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)], name='train')\ntrain",
    "k = T.dvector('k')\nvalues, _ = scan(lambda a, s: s * T.exp(a), sequences=[k], outputs_info=[np.float64(1)])\n"
    "walk = function([k], values, name='walk')\nwalk",
]


@pytest.fixture(scope="module", params=["light", "dark"])
def notebook(request, lab, browser):
    """The notebook, run; its page, and the theme's name."""
    from tests.browser.lab import opened

    with opened(lab, browser, f"passes-{request.param}", CELLS, request.param == "dark") as page:
        page.run_all()
        yield page, request.param


def drawn(view, number):
    view.page.wait_for_function("([e, k]) => e.dataset.drawn === String(k)", arg=[view.element_handle(), number])
    view.page.wait_for_timeout(450)


def test_from_a_line_of_c_to_the_users_line_and_back(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-tab='source']").click()
    details = view.locator("[data-line-details]")
    assert "p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))" in details.inner_text()
    view.locator(".isym-cline[data-nodes]", has_text="sigmoid").first.click()
    assert details.locator("[data-user-line]").first.get_attribute("data-user-line") == "cell 2 line 5"
    assert "logistic" in details.locator("[data-rules]").first.inner_text()
    assert view.locator(".isym-cline[data-chosen]").count() >= 1
    view.screenshot(path=screenshots / f"inspector-{theme}.png")
    details.locator("[data-show]").first.click()
    chosen = view.get_attribute("data-selected")
    assert "sigmoid" in view.locator(f"[data-node='{chosen}']").get_attribute("data-label")
    view.locator("[data-action='c-lines']").click()
    assert chosen in view.locator(".isym-cline[data-chosen]").first.get_attribute("data-nodes").split()
    details.locator("[data-action='all-lines']").click()
    details.locator("[data-from='cell 2 line 6']").focus()
    page.page.keyboard.press("Enter")
    assert view.locator(".isym-cline[data-chosen]").count() > 2
    line = view.locator(".isym-cline[data-nodes]").first
    line.focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    assert view.locator(".isym-cline:focus[data-chosen]").count() == 1
    view.locator("[data-tab='graph']").click()


def test_loops_and_memory_are_measured(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-tab='plan']").click()
    nests = view.locator("[data-nest]")
    assert nests.count() == int(page.kernel("print(len(train.plan.groups))"))
    assert all(text.strip() for text in view.locator("[data-reason]").all_inner_texts())
    assert "not measured" in nests.first.inner_text()
    assert view.locator("[data-buffer]").count() == int(page.kernel("print(len(train.plan.buffers))"))
    view.locator("[data-action='measure']").click()
    view.locator("[data-measured]").wait_for(timeout=20_000)
    assert "not measured" not in nests.first.inner_text()
    assert "(3, 4)" in view.locator("[data-measure-note]").inner_text()
    assert page.kernel("print(w.get_value().tolist())").strip() == "[0.0, 0.0, 0.0, 0.0]"
    view.screenshot(path=screenshots / f"plan-{theme}.png")
    view.locator("[data-nest-nodes]").first.click()
    assert view.locator(".isym-cline[data-chosen]").count() > 0
    view.locator("[data-tab='graph']").click()


def test_list_of_rewrites_filter_and_check(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-canvas]").focus()
    page.page.keyboard.press("r")
    rows = view.locator("[data-step-row]")
    steps = int(view.get_attribute("data-steps"))
    assert rows.count() == steps
    page.page.keyboard.type("logistic stabilise")
    assert 0 < rows.count() < steps
    first = int(rows.first.get_attribute("data-step-row"))
    rows.first.click()
    assert view.get_attribute("data-step") == str(first)
    check = view.locator("[data-check]")
    check.wait_for(timeout=10_000)
    assert check.get_attribute("data-check") in ("equal", "digits")
    assert "->" in view.locator("[data-pattern]").inner_text()
    page.page.wait_for_function("() => !document.querySelector('[data-figures]').innerText.includes('?')")
    drawn(view, first)
    view.screenshot(path=screenshots / f"passes-{theme}.png")
    view.locator("[data-filter]").fill("")
    view.locator("[data-curves]").click(position={"x": 2, "y": 20})
    assert int(view.get_attribute("data-step")) < 3
    rows.first.click()
    page.page.keyboard.press("ArrowRight")
    focused = view.locator("[data-step-row]:focus")
    assert focused.get_attribute("data-step-row") == view.get_attribute("data-step") == "2"


def test_arrow_keys_walk_through_rewrites_and_passes(notebook):
    page, _ = notebook
    view = page.view(0)

    def press(*keys):
        for key in keys:
            page.page.keyboard.press(key)
        return int(view.get_attribute("data-step"))

    view.locator("[data-canvas]").focus()
    press("Escape", "Escape")
    steps = int(view.get_attribute("data-steps"))
    assert press("{") == 0 and press("ArrowRight") == 1 and press("ArrowRight") == 2 and press("ArrowLeft") == 1
    assert press("Shift+ArrowRight") == 11 and press("Shift+ArrowLeft") == 1
    assert press("}") == steps and press("Shift+ArrowLeft") == steps - 10
    names = view.evaluate(
        """(root) => [...root.querySelectorAll('[data-pass], [data-step-row]')].reduce(([pass, found], e) =>
            e.dataset.pass === undefined ? [pass, [...found, pass]] : [e.dataset.pass, found], ['', []])[1]"""
    )
    firsts = [k + 1 for k, name in enumerate(names) if k == 0 or names[k - 1] != name]
    assert len(firsts) > 1 and len(names) == steps
    assert press("{") == 0
    assert [press("ArrowDown") for _ in firsts] == firsts
    assert press("ArrowDown") == steps
    assert press("ArrowUp") == firsts[-1 if firsts[-1] < steps else -2]
    view.locator("[data-slider]").focus()
    assert press("{") == 0 and press("Shift+ArrowRight") == 10 and press("ArrowLeft") == 9
    before = press("{")
    press("Space")
    page.page.wait_for_function("(e) => Number(e.dataset.step) >= 1", arg=view.element_handle(), timeout=5_000)
    after = press("Space")
    assert after > before == 0
    page.page.wait_for_timeout(1_100)
    assert int(view.get_attribute("data-step")) == after


def test_overlay(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    steps = int(view.get_attribute("data-steps"))
    view.locator("[data-slider]").fill("0")
    assert view.locator("[data-action='overlay']").is_disabled()
    seen = 0
    for step in range(1, steps + 1):
        view.locator("[data-slider]").fill(str(step))
        view.locator("[data-action='overlay']").click()
        drawn(view, step)
        assert view.get_attribute("data-mode") == "overlay"
        removed, added = (view.locator(f"[data-node][data-mark='{mark}']") for mark in ("removed", "added"))
        assert view.locator("[data-edge]").count() == int(view.get_attribute("data-edges"))
        if removed.count() == 0 or added.count() == 0:
            continue
        seen += 1
        dashes = "(e) => getComputedStyle(e).strokeDasharray"
        edge = view.locator("[data-edge][data-mark='removed']").first
        assert edge.evaluate(dashes) != "none"
        thick = view.locator("[data-edge][data-mark='added']").first
        assert thick.evaluate(dashes) == "none"
        assert thick.evaluate("(e) => parseFloat(getComputedStyle(e).strokeWidth)") > 2
        signs = [mark.first.locator(".isym-badge path").get_attribute("d") for mark in (removed, added)]
        assert signs == ["M-4 0H4", "M-4 0H4M0 -4V4"]
        if seen == 3:
            before = float(view.get_attribute("data-zoom"))
            view.locator("[data-canvas]").focus()
            page.page.keyboard.press("c")
            assert float(view.get_attribute("data-zoom")) > before
            inside = """(node) => {
                const [a, b] = [node, node.closest('[data-canvas]')].map((e) => e.getBoundingClientRect());
                return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
            }"""
            assert all(mark.first.evaluate(inside) for mark in (removed, added))
            view.screenshot(path=screenshots / f"overlay-{theme}.png")
            page.page.keyboard.press("f")
            break
    assert seen == 3
    removed.first.click()
    assert view.get_attribute("data-selected") != ""
    view.locator("[data-canvas]").focus()
    page.page.keyboard.press("o")
    assert view.get_attribute("data-mode") == "after"
    page.page.keyboard.press("Escape")


def test_what_shares_a_loop_nest_is_lit(notebook):
    page, _ = notebook
    view = page.view(0)
    view.locator("[data-slider]").fill(view.get_attribute("data-steps"))
    drawn(view, int(view.get_attribute("data-steps")))
    view.locator("[data-node][data-label*='sigmoid']").first.click()
    view.locator("[data-action='nest']").click()
    name = view.locator("[data-action='nest']").inner_text()
    wanted = page.kernel(
        "names = [[train.program.nodes[k].op.name for k in group.nodes] for group in train.plan.groups]\n"
        "print(*next((k + 1, len(group)) for k, group in enumerate(names) if 'sigmoid' in group))"
    ).split()
    assert name == f"loop nest {wanted[0]}"
    assert view.locator("[data-node][data-lit]").count() == int(wanted[1])
    assert f"in {name}" in view.locator("[data-lit-note]").inner_text()
    view.locator("[data-canvas]").focus()
    for _ in range(2):
        page.page.keyboard.press("Escape")


def test_next_touching_history_and_why_not(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-slider]").fill(view.get_attribute("data-steps"))
    drawn(view, int(view.get_attribute("data-steps")))
    view.locator("[data-node][data-label*='sigmoid']").focus()
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("p")
    assert view.locator("[data-rule-name]").get_attribute("data-rule-name") == "logistic"
    at = int(view.get_attribute("data-step"))
    page.page.keyboard.press("[")
    page.page.keyboard.press("n")
    assert int(view.get_attribute("data-step")) == at
    view.locator("[data-action='history']").click()
    view.locator("[data-history-step]").first.wait_for(timeout=10_000)
    assert "made by" in view.locator("[data-history]").inner_text()
    view.locator("[data-why-rule]").select_option(index=1)
    page.page.wait_for_function("() => document.querySelector('[data-why-not]').innerText.length > 10")
    view.screenshot(path=screenshots / f"history-{theme}.png")
    page.page.keyboard.press("Escape")


def test_bisect(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-action='bisect-digits']").click()
    found = view.locator("[data-bisect][data-found]")
    found.wait_for(timeout=10_000)
    assert view.get_attribute("data-step") == found.get_attribute("data-found") != "0"
    assert view.locator("[data-rule-name]").get_attribute("data-rule-name") in found.inner_text()
    view.screenshot(path=screenshots / f"bisect-{theme}.png")


def test_compiled_without_a_rule(notebook, screenshots):
    page, theme = notebook
    view = page.view(0)
    view.locator("[data-rules-off]").click()
    view.locator("[data-rule-toggle='logistic']").uncheck()
    view.locator("[data-action='compile']").click()
    page.page.locator("[data-compared]").wait_for(timeout=30_000)
    other = page.view(0)
    rewrites = other.locator("[data-figure='rewrites']")
    assert rewrites.locator("[data-before]").inner_text() != rewrites.locator("[data-now]").inner_text()
    assert "without logistic" in other.locator("[data-note]").inner_text()
    assert other.locator("[data-compared-note]").inner_text().startswith("results")
    assert other.locator("[data-node][data-label*='sigmoid']").count() == 0
    other.screenshot(path=screenshots / f"compared-{theme}.png")
    other.locator("[data-slider]").fill("3")
    drawn(other, 3)
    other.locator("[data-action='back']").click()
    assert page.page.locator("[data-compared]").count() == 0
    assert page.view(0).locator("[data-rule-toggle='logistic']").count() == 1


def test_inside_a_loop(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    view.locator("[data-node][data-family='control']").click()
    view.locator("[data-action='inside']").click()
    page.page.locator("[data-isym='view'] [data-action='back']").wait_for(timeout=10_000)
    inner = page.view(1)
    assert inner.get_attribute("data-kind") == "graph" and inner.locator("[data-label='mul']").count() == 1
    inner.screenshot(path=screenshots / f"inside-{theme}.png")
    inner.locator("[data-action='back']").click()
    assert page.view(1).locator("[data-node][data-family='control']").count() == 1


def test_names_with_markup_stay_text(notebook):
    page, _ = notebook
    assert page.page.locator("[data-isym='view'] b").count() == 0
    assert page.errors == []
