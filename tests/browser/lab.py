"""A real JupyterLab on a loopback port, driven by a real Chromium through Playwright.

One server and one browser serve all tests. Directories of Jupyter and IPython are temporary, so nothing of the user's
own set-up matters; requests to anywhere but the server are recorded and blocked.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
SELECT = "window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;"
RUN = "window.jupyterapp.commands.execute('notebook:run-cell')"


def chromium() -> str | None:
    """The browser to drive: `$CHROMIUM`, or the first found on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells, for the kernel of this Python."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(metadata={"kernelspec": kernel}, cells=[new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)


class Lab:
    """A JupyterLab server for the notebooks in `root`; a context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> "Lab":
        self.home = Path(tempfile.mkdtemp(prefix="lab-"))
        environment = dict(os.environ)
        for variable, folder in {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "run",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }.items():
            (self.home / folder).mkdir()
            environment[variable] = str(self.home / folder)
        here = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [here, environment.get("PYTHONPATH", "")]))
        for name, values in SETTINGS.items():
            self._setting(name, values)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.base = f"http://127.0.0.1:{port}"
        self._log = open(self.home / "server.log", "wb")
        command = [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
            *(f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url="),
            "--JupyterNotebookApp.expose_app_in_browser=True",
            *("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly"),
        ]
        self._server = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while True:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("JupyterLab did not start:\n" + (self.home / "server.log").read_text()[-4000:])
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.base}/api/status?token={self.token}", timeout=2).read()
                return self
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGTERM)
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._server.pid, signal.SIGKILL)
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _setting(self, name: str, values: dict[str, Any]) -> None:
        extension, plugin = name.split("/")
        folder = self.home / "settings" / "@jupyterlab" / extension
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))

    def theme(self, dark: bool) -> None:
        """The theme of pages opened from now on."""
        self._setting("apputils-extension/themes", {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"})

    @contextlib.contextmanager
    def page(self, browser: Any, width: int = 1280, height: int = 1000, **options: Any) -> Iterator["LabPage"]:
        """A fresh browser window; `options` are those of Playwright's `new_context`."""
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        try:
            yield LabPage(self, context.new_page())
        finally:
            context.close()


@contextlib.contextmanager
def opened(
    lab: Lab, browser: Any, name: str, cells: Sequence[str], dark: bool = False, **options: Any
) -> Iterator["LabPage"]:
    """A page with a new notebook of these cells; at the end nothing may have failed or asked for another server."""
    write_notebook(lab.root / f"{name}.ipynb", cells)
    lab.theme(dark)
    with lab.page(browser, **options) as page:
        page.open(f"{name}.ipynb")
        yield page
        assert page.errors == []
        assert page.external == []


class LabPage:
    """One page: opens and runs notebooks, and remembers what should not have happened.

    Attributes:
        page: Playwright's page.
        errors: console errors and uncaught exceptions.
        external: addresses outside the server that were asked for.
    """

    def __init__(self, lab: Lab, page: Any) -> None:
        self.lab, self.page = lab, page
        self.errors: list[str] = []
        self.external: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.route("**/*", self._route)

    def _route(self, route: Any) -> None:
        if route.request.url.startswith((self.lab.base, "data:", "blob:")):
            route.continue_()
        else:
            self.external.append(route.request.url)
            route.abort()

    def open(self, path: str, timeout: float = 60_000) -> None:
        """Open a notebook, and wait for its kernel."""
        self.page.goto(f"{self.lab.base}/lab/tree/{path}?reset&token={self.lab.token}")
        self.page.wait_for_function("() => window.jupyterapp && document.querySelector('#main')", timeout=timeout)
        self.page.evaluate("() => window.jupyterapp.restored")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=timeout)
        self.page.wait_for_function(
            """() => { const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
                return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; }""",
            timeout=timeout,
        )

    def run_all(self) -> None:
        """Run all cells; returns when the last one is done."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def run(self, *cells: int) -> None:
        """Run cells by number, one after the other."""
        for cell in cells:
            self.page.evaluate(f"async (number) => {{ {SELECT} await {RUN}; }}", cell)

    def start(self, cell: int) -> None:
        """Run a cell and don't wait; `window.isymDone` is true when it is done."""
        begun = f"{RUN}.then(() => {{ window.isymDone = true; }})"
        self.page.evaluate(f"(number) => {{ {SELECT} window.isymDone = false; void {begun}; }}", cell)

    def view(self, index: int) -> Any:
        """The locator of the live view number `index`, once it is drawn."""
        found = self.page.locator("[data-isym='view'][data-ready='1']").nth(index)
        found.wait_for(timeout=30_000)
        found.scroll_into_view_if_needed()
        return found

    def kernel(self, code: str) -> str:
        """Run code in the notebook's kernel, outside its cells; what it printed."""
        result: str = self.page.evaluate(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                let text = '';
                const future = kernel.requestExecute({code, store_history: false});
                future.onIOPub = (m) => {
                    if (m.header.msg_type === 'stream') text += m.content.text;
                    if (m.header.msg_type === 'error') text += m.content.traceback.join('\\n');
                };
                await future.done;
                return text;
            }""",
            code,
        )
        return result
