"""The side panel in a real JupyterLab: it lists the kernel's objects, follows them, and opens their views."""

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "import numpy as np\nimport time\nimport interactive_sym as isym\nimport interactive_sym.tensor as T\n"
    "from interactive_sym.tensor.shared_randomstreams import RandomStreams",
    "x = T.dvector('x')\nw = isym.shared(np.zeros(3), name='w')\nsrng = RandomStreams(seed=234)\n"
    "step = isym.function([x], (x * w).sum(), updates=[(w, w + x)], name='step')",
    "for _ in range(60):\n    step([1., 2., 3.])\n    time.sleep(0.05)",
]


@pytest.fixture(scope="module")
def page(lab, browser):
    from tests.browser.lab import opened

    with opened(lab, browser, "panel", CELLS, width=1500) as page:
        page.page.evaluate("() => window.jupyterapp.commands.execute('interactive-sym:panel')")
        yield page


def test_it_says_what_is_missing_and_then_lists(page, screenshots):
    panel = page.page.locator("[data-isym='panel']")
    panel.get_by_text("has not imported interactive_sym").wait_for()
    page.run(0)
    panel.get_by_text("has a name yet").wait_for()
    page.run(1)
    panel.locator("[data-name]").nth(2).wait_for()
    assert [item.get_attribute("data-name") for item in panel.locator("[data-name]").all()] == ["step", "w", "srng"]
    page.page.screenshot(path=screenshots / "panel.png")


def test_an_idle_kernel_is_left_alone(page):
    count = page.page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            await new Promise((resolve) => setTimeout(resolve, 500));
            let count = 0;
            kernel.anyMessage.connect(() => { count += 1; });
            await new Promise((resolve) => setTimeout(resolve, 1500));
            return count;
        }"""
    )
    assert count == 0


def test_values_move_while_a_cell_runs(page):
    row = page.page.locator("[data-isym='panel'] [data-name='w']")
    before = row.inner_text()
    page.start(2)
    page.page.wait_for_function(
        "(text) => document.querySelector(\"[data-isym='panel'] [data-name='w']\").innerText !== text", arg=before
    )
    assert not page.page.evaluate("() => window.isymDone === true")
    page.page.wait_for_function("() => window.isymDone === true")


def test_a_row_opens_its_view_by_key(page, screenshots):
    row = page.page.locator("[data-isym='panel'] [data-name='step']")
    row.focus()
    page.page.keyboard.press("Enter")
    view = page.page.locator(".lm-DockPanel [data-isym='view'][data-kind='function'][data-ready='1']")
    view.wait_for()
    assert view.get_attribute("data-tab") == "graph"
    page.page.screenshot(path=screenshots / "panel-view.png")


def test_the_command_palette_opens_each_view(page, screenshots):
    def run(command, **arguments):
        page.page.evaluate(
            "([command, args]) => { void window.jupyterapp.commands.execute(`interactive-sym:${command}`, args); }",
            [command, arguments],
        )

    tabs = page.page.locator(".lm-DockPanel [data-isym='view'][data-ready='1']")
    before = tabs.count()
    run("open-all-shared")
    page.page.locator(".lm-DockPanel [data-isym='view'] [data-row='w']").wait_for()
    run("open-stream")
    page.page.locator(".lm-DockPanel [data-isym='view'] section[aria-label='RandomStreams']").wait_for()
    run("open-shared", name="w")
    page.page.wait_for_function(
        "(n) => document.querySelectorAll(\".lm-DockPanel [data-isym='view'][data-ready='1']\").length >= n",
        arg=before + 3,
    )
    page.kernel("twin = isym.function([x], x, name='twin')")
    run("open-function")
    dialog = page.page.locator(".jp-Dialog")
    dialog.wait_for()
    assert [option.inner_text() for option in dialog.locator("option").all()] == ["step", "twin"]
    dialog.locator("select").select_option("twin")
    dialog.get_by_role("button", name="Ok").click()
    page.page.locator(".lm-DockPanel [data-isym='view'][data-kind='function'][aria-label='twin']").wait_for()
    labels = page.page.evaluate(
        """() => window.jupyterapp.commands.listCommands().filter((id) => id.startsWith('interactive-sym:'))
            .map((id) => window.jupyterapp.commands.label(id))"""
    )
    assert len(labels) == 7 and all(labels)
    page.page.screenshot(path=screenshots / "panel-commands.png")
    page.page.evaluate(
        """() => { for (const widget of [...window.jupyterapp.shell.widgets('main')])
            if (widget.id.startsWith('interactive-sym')) widget.close(); }"""
    )
    page.page.wait_for_function("() => document.querySelectorAll(\".lm-DockPanel [data-isym='view']\").length === 0")


def test_a_hidden_panel_is_not_followed(page):
    panel = page.page.locator("[data-isym='panel']")
    page.page.wait_for_function("() => document.querySelector(\"[data-isym='panel']\").dataset.live === 'true'")
    page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-right-area')")
    page.page.wait_for_function("() => document.querySelector(\"[data-isym='panel']\")?.dataset.live === 'false'")
    page.page.evaluate("() => window.jupyterapp.commands.execute('interactive-sym:panel')")
    page.page.wait_for_function("() => document.querySelector(\"[data-isym='panel']\").dataset.live === 'true'")
    assert panel.locator("[data-name='w']").count() == 1


def test_a_restarted_kernel_is_found_again(page):
    page.page.evaluate(
        """async () => {
            const notebook = [...window.jupyterapp.shell.widgets('main')].find((w) => w.sessionContext);
            window.jupyterapp.shell.activateById(notebook.id);
            await notebook.sessionContext.session.kernel.restart();
        }"""
    )
    panel = page.page.locator("[data-isym='panel']")
    panel.get_by_text("has not imported interactive_sym").wait_for()
    page.run(0, 1)
    panel.locator("[data-name='w']").wait_for()


@pytest.mark.parametrize("colours", ["dark", "forced"])
def test_the_panel_in_other_colours(lab, browser, screenshots, colours):
    from tests.browser.lab import opened

    forced = {"forced_colors": "active", "color_scheme": "dark"} if colours == "forced" else {}
    cells = [CELLS[0], CELLS[1] + "\nb = isym.shared(0., name='b')"]
    with opened(lab, browser, f"panel-{colours}", cells, colours == "dark", **forced) as page:
        page.page.evaluate("() => window.jupyterapp.commands.execute('interactive-sym:panel')")
        page.run_all()
        panel = page.page.locator("[data-isym='panel']")
        panel.locator("[data-name='b']").wait_for()
        cut = panel.evaluate(
            """(root) => {
                const edge = root.getBoundingClientRect().right + 1;
                return [...root.querySelectorAll('button, h3')]
                    .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > edge)
                    .map((e) => e.textContent);
            }"""
        )
        assert cut == []
        panel.locator("[data-all='shared']").click()
        page.page.locator(".lm-DockPanel [data-isym='view'] [data-row='b']").wait_for()
        page.page.screenshot(path=screenshots / f"panel-{colours}.png")


def test_notebook_7_shows_the_views_inside_the_panel(lab, browser, screenshots):
    from tests.browser.lab import write_notebook

    write_notebook(lab.root / "classic.ipynb", CELLS[:2])
    with lab.page(browser, width=1500) as page:
        page.page.goto(f"{lab.base}/notebooks/classic.ipynb?token={lab.token}")
        page.page.wait_for_function(
            """() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""
        )
        page.page.evaluate("() => window.jupyterapp.commands.execute('interactive-sym:panel')")
        page.run_all()
        row = page.page.locator("[data-isym='panel'] [data-name='step']")
        row.click()
        view = page.page.locator(".isym-panel-view [data-isym='view'][data-ready='1']")
        view.wait_for()
        page.page.screenshot(path=screenshots / "panel-notebook.png")
        cut = view.evaluate(
            """(root) => {
                const edge = root.getBoundingClientRect().right;
                return [...root.querySelectorAll('.isym-bar-top button, .isym-bar-top input, [role=tab]')]
                    .filter((e) => e.checkVisibility())
                    .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > edge)
                    .map((e) => e.textContent);
            }"""
        )
        assert cut == []
        page.page.get_by_role("button", name="close step").click()
        assert page.page.locator(".isym-panel-view").count() == 0
        assert page.external == []
