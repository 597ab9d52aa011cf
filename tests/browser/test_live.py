"""Live panels in a real JupyterLab: values while a cell runs, edits, streams, two views, reload, restart, keys."""

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "import time\nimport numpy as np\nfrom interactive_sym import function, shared\n"
    "from interactive_sym.tensor.shared_randomstreams import RandomStreams",
    "w = shared(np.zeros((4, 6)), name='w')\nstep = function([], w.sum(), updates=[(w, w + 1)])\nw",
    "srng = RandomStreams(seed=234)\nrv_u = srng.uniform((2, 2))\nf = function([], rv_u)\nsrng",
    "w",
    "for _ in range(60):\n    step()\n    f()\n    time.sleep(0.05)",
]


@pytest.fixture(scope="module", params=["light", "dark"])
def notebook(request, lab, browser):
    from tests.browser.lab import opened

    with opened(lab, browser, f"live-{request.param}", CELLS, request.param == "dark") as page:
        page.run(0, 1, 2, 3)
        yield page, request.param


def wait_for(view, condition):
    view.page.wait_for_function(f"(e) => {condition}", arg=view.element_handle())


def test_values_follow_a_running_cell(notebook, screenshots):
    page, theme = notebook
    twin, streams, view = page.view(2), page.view(1), page.view(0)  # the last is scrolled into view
    before = int(view.get_attribute("data-updates"))
    page.start(4)
    wait_for(view, f"Number(e.dataset.updates) >= {before} + 2 && e.querySelector('[data-row=w]').dataset.changes > 0")
    assert not page.page.evaluate("() => window.isymDone === true")
    page.page.wait_for_function("() => window.isymDone === true")
    assert "written by step: w ←" in view.inner_text()
    assert "cell 2 line 2" in view.locator("[data-writers]").inner_text()
    for each in (view, twin):
        each.scroll_into_view_if_needed()
        wait_for(each, "e.querySelector('.isym-sample').textContent !== '' && e.innerText.includes('mean 60')")
    streams.locator("[data-action='refresh']").click()
    wait_for(streams, "e.querySelector('tr[data-count]').dataset.count === '60 since seed 234'")
    view.scroll_into_view_if_needed()
    view.screenshot(path=screenshots / f"live-shared-{theme}.png")


def test_edit_refuse_and_undo_by_keyboard(notebook):
    page, _ = notebook
    view = page.view(0)
    view.locator("[data-edit]").focus()
    page.page.keyboard.type("[1, 2]")
    page.page.keyboard.press("Enter")
    wait_for(view, "e.querySelector('[data-live]').textContent.includes('shape (4, 6)')")
    view.locator("[data-edit]").fill("7")
    page.page.keyboard.press("Enter")
    wait_for(view, "e.innerText.includes('mean 7') && e.querySelector('[data-live]').textContent === ''")
    assert page.kernel("print(w.get_value().mean())").strip() == "7.0"
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    wait_for(view, "e.innerText.includes('mean 60')")
    view.locator("[data-history]").focus()
    page.page.keyboard.press("Home")
    wait_for(view, "e.querySelector('[data-then]').textContent.includes('version 0')")


def test_streams_are_seen_without_being_drawn(notebook, screenshots):
    page, theme = notebook
    view = page.view(1)
    card = view.locator("section")
    state = card.get_attribute("data-state")
    view.locator("[data-action='next']").first.click()
    wait_for(view, "e.querySelector('[data-preview]').textContent.includes('next:')")
    assert card.get_attribute("data-state") == state
    view.screenshot(path=screenshots / f"live-streams-{theme}.png")
    view.locator("[data-action='save']").click()
    wait_for(view, "e.querySelectorAll('[data-saved] option').length === 1")
    page.kernel("f()")
    wait_for(view, f"e.querySelector('section').dataset.state !== '{state}'")
    view.locator("[data-action='restore']").click()
    wait_for(view, f"e.querySelector('section').dataset.state === '{state}'")
    view.locator("[data-seed]").fill("902340")
    view.locator("[data-seed]").press("Enter")
    wait_for(view, "e.innerText.includes('0 since seed 902340')")


def test_a_reloaded_page_and_a_restarted_kernel(lab, browser):
    from tests.browser.lab import write_notebook

    write_notebook(lab.root / "reload.ipynb", CELLS[:2])
    with lab.page(browser) as page:
        page.open("reload.ipynb")
        page.run_all()
        page.view(0)
        page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.open("reload.ipynb")
        page.run(1)
        wait_for(page.view(0), "e.dataset.updates > 1")
        page.page.evaluate(
            "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
        )
        page.run(0, 1)
        wait_for(page.view(0), "e.dataset.updates > 1")
        assert page.external == []
