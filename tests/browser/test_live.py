"""Live panels in a real JupyterLab: values while a cell runs, edits, streams, two views, reload, restart, keys.

A view out of sight is not followed, so each test scrolls to the view it looks at.
"""

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


MORE = [
    "import time\nimport numpy as np\nimport interactive_sym as isym\nimport interactive_sym.tensor as T\n"
    "from interactive_sym.builders import as_op\nfrom interactive_sym.viz import widgets\n"
    "from interactive_sym.viz.sampler import sampler\n"
    "from interactive_sym.tensor.shared_randomstreams import RandomStreams",
    "def waiting():\n    return any(c._live and c._live._queue for c in list(widgets._contents.values()))\n\n"
    "@as_op(itypes=[T.dvector], otypes=[T.dvector])\ndef rest(x):\n    end = time.time() + 60\n"
    "    while time.time() < end and not waiting():\n        time.sleep(0.05)\n    time.sleep(1.5)\n    return x + 1\n"
    "w = isym.shared(np.zeros(3), name='w')\nbad = isym.shared(0., name='<img src=x onerror=alert(1)>')\n"
    "step = isym.function([], updates=[(w, w + 1)])\nslow = isym.function([], updates=[(w, rest(w))])\n"
    "isym.SharedStatePanel(w, bad)",
    "x = T.dvector('x')\nwatch = isym.NodeWatch(isym.function([x], T.log(x).sum(), name='f'))\nwatch",
    "srng = RandomStreams(1)\nstill = isym.function([], srng.poisson((3,), lam=4.), no_default_updates=True)\n"
    "rv_n = srng.normal((3,))\nisym.RNGPanel(srng)",
    "slow()",
    "for k in range(60):\n    step()\n    watch([1., k])\n    time.sleep(0.05)",
    "\n" * 60,
]


@pytest.fixture(scope="module")
def more(lab, browser):
    from tests.browser.lab import opened

    with opened(lab, browser, "live-more", MORE, width=1100) as page:
        page.run(0, 1, 2, 3)
        yield page


def followed(view):
    """The view, scrolled to, when the kernel sends its news."""
    view.scroll_into_view_if_needed()
    wait_for(view, "e.dataset.live === 'true'")
    return view


def test_an_edit_waits_for_the_call_that_is_running(more):
    view = followed(more.view(0))
    card = view.locator("[data-row=w]")
    more.start(4)
    more.page.wait_for_timeout(500)  # the call is under way; it ends when it has seen that a change waits
    followed(view)
    card.locator("[data-edit]").fill("[5, 6, 7]")
    card.locator("[data-edit]").press("Enter")
    wait_for(view, "e.querySelector('[data-live]').textContent === 'queued until the running call ends: set w'")
    assert not more.page.evaluate("() => window.isymDone === true")
    wait_for(view, "e.dataset.queued === '0' && e.innerText.includes('mean 6')")
    assert more.kernel("print(w.get_value())").strip() == "[5. 6. 7.]"
    card.locator("[data-action='undo']").click()
    wait_for(view, "e.innerText.includes('mean 1')")  # what the call had stored
    assert view.locator("[data-live]").inner_text() == ""


def test_names_with_markup_are_text_and_a_place_leads_to_its_line(more):
    view = followed(more.view(0))
    assert (
        view.locator("[data-row='<img src=x onerror=alert(1)>'] strong").inner_text() == "<img src=x onerror=alert(1)>"
    )
    assert more.page.locator(".jp-OutputArea img[src='x']").count() == 0
    view.locator("[data-writers] [data-place]").first.click()
    assert "updates=[(w, w + 1)]" in more.page.locator(".cm-line.isym-revealed").inner_text()


def test_watched_nodes_follow_a_running_cell(more, screenshots):
    view = followed(more.view(1))
    more.start(5)
    followed(view)
    wait_for(view, "Number(e.querySelector('[data-nodes]').dataset.calls) > 2")
    assert not more.page.evaluate("() => window.isymDone === true")
    more.page.wait_for_function("() => window.isymDone === true")
    followed(view)
    wait_for(view, "e.querySelector('[data-nodes]').dataset.calls === '60'")
    assert view.locator("[data-badge]").count() == 0
    more.kernel("watch([1., 0.])")
    wait_for(view, "e.querySelector('[data-first]') !== null")
    assert "log(x)" in view.locator("tr:has([data-first])").inner_text()
    view.screenshot(path=screenshots / "live-nodes.png")
    view.locator("[data-filter]").fill("sum")
    assert [row.is_visible() for row in view.locator("[data-node-row]").all()] == [False, True]


def test_streams_show_what_is_expected_and_who_does_not_advance_them(more, screenshots):
    view = followed(more.view(2))
    assert "still does not advance it" in view.locator("[data-badge='still']").inner_text()
    view.locator("[data-action='next']").first.click()
    wait_for(view, "e.querySelector('[data-expected]') !== null")
    assert "Poisson(lam)" in view.inner_text()
    view.screenshot(path=screenshots / "live-expected.png")
    other = view.locator("tr[data-state]").nth(0).get_attribute("data-state")
    view.locator("[data-seed]").fill("7")
    view.locator("[data-action='seed-one']").nth(1).click()
    wait_for(view, "e.innerText.includes('0 since seed 7 of 1')")
    assert view.locator("tr[data-state]").nth(0).get_attribute("data-state") == other


def test_all_variables_step_back_to_one_moment(more, screenshots):
    view = followed(more.view(0))
    more.kernel("w.set_value(np.zeros(3)); bad.set_value(0.)")
    more.kernel("both = isym.function([], updates=[(w, w + 10), (bad, bad + 11)])")
    for k in (1, 2, 3):
        more.kernel("both()")
        wait_for(view, f"e.innerText.includes('mean {10 * k}') && e.innerText.includes('mean {11 * k}')")
    slider = view.locator("[data-moments]")
    slider.focus()
    more.page.keyboard.press("ArrowLeft")
    wait_for(view, "e.querySelector('[data-moment]').innerText.includes('[20., 20., 20.]')")
    view.screenshot(path=screenshots / "live-moments.png")
    view.locator("[data-action='back-all']").click()
    wait_for(view, "e.innerText.includes('mean 20') && e.innerText.includes('mean 22')")
    assert more.kernel("print(w.get_value()[0], bad.get_value())").strip() == "20.0 22.0"


def test_what_nobody_sees_costs_nothing(more):
    view = followed(more.view(0))
    assert int(more.kernel("print(sampler.count())")) >= 1
    more.page.locator(".jp-Cell").last.scroll_into_view_if_needed()
    wait_for(view, "e.dataset.live === 'false'")
    more.page.wait_for_function("() => document.querySelectorAll('[data-live=true]').length === 0")
    assert more.kernel("print(sampler.count())").strip() == "0"
    version = int(view.locator("[data-row=w]").get_attribute("data-version"))
    more.kernel("step()")
    more.page.wait_for_timeout(500)
    assert int(view.locator("[data-row=w]").get_attribute("data-version")) == version
    followed(view)
    wait_for(view, f"e.querySelector('[data-row=w]').dataset.version === '{version + 1}'")


def test_an_idle_kernel_is_left_alone(more):
    followed(more.view(0))
    more.page.wait_for_timeout(1000)
    count = more.page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            let count = 0;
            const heard = () => { count += 1; };
            kernel.anyMessage.connect(heard);
            await new Promise((resolve) => setTimeout(resolve, 2000));
            kernel.anyMessage.disconnect(heard);
            return count;
        }"""
    )
    assert count == 0


def test_messages_stay_few_and_small(more):
    followed(more.view(0))
    found = more.page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const sizes = [];
            const heard = (_, message) => {
                if (message.content?.data?.push) sizes.push(message.buffers[0].byteLength);
            };
            kernel.iopubMessage.connect(heard);
            const code = "import time\\nend = time.time() + 2\\nwhile time.time() < end: step()";
            await kernel.requestExecute({code, store_history: false}).done;
            kernel.iopubMessage.disconnect(heard);
            return sizes;
        }"""
    )
    assert 1 <= len(found) <= 21 and sum(found) <= 2.1 * 200_000


def test_a_comm_closed_in_the_middle_leaves_a_view_that_works(more):
    view = followed(more.view(0))
    more.kernel(
        "from comm import get_comm_manager\n"
        "for each in list(get_comm_manager().comms.values()):\n"
        "    if each.target_name == 'interactive_sym.view':\n"
        "        each.close()"
    )
    more.kernel("w.set_value(np.full(3, 42.0))")
    view.locator("[data-action='refresh']").click()
    wait_for(view, "e.innerText.includes('mean 42')")
    view.locator("[data-action='live']").click()
    wait_for(view, "e.dataset.live === 'false'")
    view.locator("[data-action='live']").click()
    followed(view)
    more.kernel("w.set_value(np.full(3, 43.0))")
    wait_for(view, "e.innerText.includes('mean 43')")


def test_without_subshells_values_still_come_and_edits_say_that_they_wait(lab, browser):
    from tests.browser.lab import opened

    with opened(lab, browser, "live-queued", MORE) as page:
        page.page.evaluate(
            """() => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                kernel.commsOverSubshells = 'disabled';
            }"""
        )
        page.run(0, 1, 2)
        view = followed(page.view(0))
        page.start(5)
        page.page.wait_for_function("() => window.isymDone === false")
        followed(view)
        wait_for(view, "Number(e.querySelector('[data-row=w]').dataset.version) > 5")
        view.locator("[data-edit]").first.fill("[5, 6, 7]")
        view.locator("[data-edit]").first.press("Enter")
        wait_for(view, "e.querySelector('[data-live]').textContent === 'queued until the cell ends'")
        assert not page.page.evaluate("() => window.isymDone === true")
        wait_for(view, "e.innerText.includes('mean 6') && e.querySelector('[data-live]').textContent === ''")
        assert page.kernel("print(w.get_value())").strip() == "[5. 6. 7.]"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_forced_colours_and_narrow_pages_cut_nothing_off(lab, browser, screenshots, scheme):
    from tests.browser.lab import opened

    options = {"forced_colors": "active", "color_scheme": scheme, "width": 760, "height": 900}
    with opened(lab, browser, f"live-forced-{scheme}", MORE[:4], **options) as page:
        page.run(0, 1, 2, 3)
        page.kernel("watch([1., 0.])")
        for number, name in enumerate(("shared", "nodes", "streams")):
            view = page.view(number)
            if name == "streams":
                view.locator("[data-action='next']").first.click()
                wait_for(view, "e.querySelector('[data-expected]') !== null")
            assert cut_off(view) == []
            view.screenshot(path=screenshots / f"live-{name}-forced-{scheme}.png")


def cut_off(view):
    """Buttons, boxes and headings that stick out of the view, or lie over one another."""
    return view.evaluate(
        """(root) => {
            const frame = root.getBoundingClientRect();
            const shown = [...root.querySelectorAll('button, input, select, strong, svg.isym-spark, canvas')]
                .filter((e) => e.checkVisibility() && !e.closest('.isym-wide'));
            const name = (e) => e.dataset.action || e.getAttribute('aria-label') || e.textContent;
            const wrong = shown.filter((e) => {
                const box = e.getBoundingClientRect();
                const short = e.matches('button') && e.scrollWidth > e.clientWidth + 1;
                return short || box.left < frame.left || box.right > frame.right + 1;
            }).map(name);
            shown.forEach((a, i) => shown.slice(i + 1).forEach((b) => {
                const p = a.getBoundingClientRect(), q = b.getBoundingClientRect();
                const beside = p.right <= q.left + 1 || q.right <= p.left + 1;
                const apart = beside || p.bottom <= q.top + 1 || q.bottom <= p.top + 1;
                if (!apart && !a.contains(b) && !b.contains(a)) wrong.push(`${name(a)} over ${name(b)}`);
            }));
            return wrong;
        }"""
    )


def sees_changes(page, value):
    view = followed(page.view(0))
    page.kernel(f"w.set_value(np.full((4, 6), {value}.))")
    wait_for(view, f"e.innerText.includes('mean {value}')")


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
        sees_changes(page, 7)
        page.page.evaluate(
            "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
        )
        page.run(0, 1)
        sees_changes(page, 8)
        assert page.external == []
