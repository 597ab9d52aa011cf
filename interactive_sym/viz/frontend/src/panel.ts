// The side panel of JupyterLab and Notebook 7: the functions, shared variables and random streams of the notebook's kernel,
// each opening its view. A federation container written by hand: it takes JupyterLab's own modules from the page.

import { h } from "./dom";
import panelCss from "./panel.css";
import { Following } from "./sight";
import { frontEnd, Questions, requests, subshell, type Ask } from "./wire";

const ID = "interactive-sym";
const HELLO = "interactive_sym.hello";
const PANEL = "interactive_sym.panel";
const KINDS: Record<string, string> = { function: "Functions", shared: "Shared variables", stream: "Random streams" };
const TOGETHER = ["shared", "stream"];
export interface Row { name: string; kind: string; type: string; value: string }

/** What the kernel says unasked: all rows, after a cell, or those whose values have changed. */
export interface News { all?: Row[]; moved?: Row[] }

/** Rows with news taken in. */
export function merged(old: Row[], news: News): Row[] {
  if (news.all !== undefined) return news.all;
  const moved = new Map((news.moved ?? []).map((row) => [row.name, row]));
  return old.map((row) => moved.get(row.name) ?? row);
}

/** A comm to the panel's kernel end, opened when the kernel says that interactive_sym is there. */
export class Link {
  questions: Questions | null = null;
  private comm: any = null;
  private gone = false;

  constructor(private readonly kernel: any, private readonly changed: () => void, private readonly heard: (news: News) => void) {
    kernel.registerCommTarget(HELLO, () => { void this.open(); });
    void kernel.requestCommInfo({ target_name: HELLO }).then((reply: any) => {
      if (Object.keys(reply?.content?.comms ?? {}).length > 0) void this.open();
    });
    kernel.statusChanged.connect(this.status, this);
  }

  private status(_: any, status: string): void {
    if (status === "restarting" || status === "autorestarting" || status === "dead") this.drop();
  }

  private drop(): void {
    this.questions?.fail("the kernel has gone");
    this.comm = this.questions = null;
    this.changed();
  }

  private async open(): Promise<void> {
    if (this.comm !== null || this.gone) return;
    const comm = this.comm = this.kernel.createComm(PANEL);
    const questions = new Questions((content) => comm.send(content));
    comm.onMsg = (message: any): void => questions.receive(message.content.data, message.buffers ?? []);
    comm.onClose = (): void => {
      questions.fail("the kernel has gone");
      if (this.comm === comm) this.drop();
    };
    await subshell(this.kernel, comm);
    await comm.open({}).done;
    if (this.comm !== comm) return;
    questions.listen("panel", this.heard);
    this.questions = questions;
    this.changed();
  }

  close(): void {
    this.gone = true;
    this.kernel.statusChanged.disconnect(this.status, this);
    if (!this.kernel.isDisposed) this.kernel.removeCommTarget(HELLO, () => undefined);
    if (this.comm !== null && !this.comm.isDisposed) this.comm.close();
  }
}

/** The rows of each kind under a heading; a click or Enter opens a row's view, or that of all of a kind together. */
export function table(rows: Row[], open: (row: Row) => void, all: (kind: string) => void): Element[] {
  return Object.entries(KINDS).flatMap(([kind, heading]) => {
    const listed = rows.filter((row) => row.kind === kind);
    if (listed.length === 0) return [];
    const together = TOGETHER.includes(kind) && listed.length > 1 ? h("button", { type: "button", class: "isym-panel-all", "data-all": kind,
      title: `open one view of all ${heading.toLowerCase()}`, click: () => all(kind) }, "all") : null;
    return [h("h3", {}, heading, together), h("ul", { "aria-label": heading }, ...listed.map((row) =>
      h("li", {}, h("button", { type: "button", "data-name": row.name, title: `open the view of ${row.name}`, click: () => open(row) },
        h("strong", {}, row.name), " ", h("span", { class: "isym-panel-type" }, row.type),
        row.value ? h("code", {}, row.value) : null))))];
  });
}

/** What the panel shows; `host` is its element. */
export class Panel {
  private link: Link | null = null;
  private kernel: any = null;
  private rows: Row[] = [];
  private shown = "";
  private readonly following: Following;

  constructor(readonly host: HTMLElement, private readonly place: (title: string, fill: (host: HTMLElement) => Promise<() => void>) => void) {
    host.classList.add("isym-panel");
    const list = h("div", { class: "isym-panel-list", "data-isym": "panel" });
    host.append(h("style", {}, panelCss), list);
    this.following = new Following(host, () => Boolean(this.link?.questions), (on) => {
      list.dataset.live = String(on);
      this.link?.questions?.ask("watch", { on }).catch(() => undefined);
      if (on) this.refresh();
    });
    this.refresh();
  }

  /** Follows a kernel, or none. */
  follow(kernel: any): void {
    if (kernel === this.kernel) return;
    this.link?.close();
    this.kernel = kernel;
    this.link = kernel ? new Link(kernel, () => this.changed(), (news) => this.list(merged(this.rows, news))) : null;
    this.changed();
  }

  /** The names of a kind that there are now, also while the panel is hidden. */
  async names(kind: string): Promise<string[]> {
    const questions = this.link?.questions;
    if (!questions) return [];
    const [rows] = await questions.ask("list");
    return (rows as Row[]).filter((row) => row.kind === kind).map((row) => row.name);
  }

  private changed(): void {
    this.following.update();
    this.refresh();
  }

  refresh(): void {
    const questions = this.link?.questions;
    if (!questions) return this.say(this.kernel ? "Nothing yet: this kernel has not imported interactive_sym." : "No notebook with a kernel is open.");
    const current = (): boolean => questions === this.link?.questions;
    questions.ask("list").then(([rows]) => { if (current()) this.list(rows); }, (error: Error) => { if (current()) this.say(error.message); });
  }

  private say(text: string): void {
    this.shown = "";
    this.rows = [];
    this.host.querySelector("[data-isym]")!.replaceChildren(h("p", {}, text));
  }

  private list(rows: Row[]): void {
    this.rows = rows;
    const text = JSON.stringify(rows);
    if (text === this.shown) return;
    const list = this.host.querySelector<HTMLElement>("[data-isym]")!;
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.name;
    this.shown = text;
    list.replaceChildren(...(rows.length > 0 ? table(rows, (row) => this.open(row.name), (kind) => this.open(KINDS[kind], { kind }))
      : [h("p", {}, "No function, shared variable or random stream has a name yet.")]));
    if (focused !== undefined) [...list.querySelectorAll<HTMLElement>("[data-name]")].find((item) => item.dataset.name === focused)?.focus();
    list.dataset.count = String(rows.length);
  }

  /** Opens the view of a name, or what else `wanted` says. */
  open(name: string, wanted: object = { name }): void {
    const questions = this.link?.questions;
    if (!questions) return;
    const ask: Ask = (verb, fields) => questions.ask(verb, fields);
    this.place(name, async (host) => {
      const [{ view, front: version }] = await ask("show", wanted);
      const [engine, [message]] = await Promise.all([frontEnd(version, ask), ask("open", { view })]);
      return engine.mount(host, message, requests(questions, view));
    });
  }
}

let scope: any;

async function share(name: string): Promise<any> {
  const versions = Object.values(scope[name] ?? {}) as any[];
  if (versions.length === 0) throw new Error(`JupyterLab doesn't share ${name}`);
  return (await versions[0].get())();
}

async function plugin(): Promise<object> {
  const [notebook, apputils, widgets] = await Promise.all(["@jupyterlab/notebook", "@jupyterlab/apputils", "@lumino/widgets"].map(share));
  return {
    id: `${ID}:panel`, autoStart: true, requires: [notebook.INotebookTracker], optional: [apputils.ICommandPalette],
    activate(app: any, tracker: any, palette: any): void {
      const side = new widgets.Widget();
      side.id = `${ID}-panel`;
      side.title.label = "interactive_sym";
      side.title.caption = "functions, shared variables and random streams of this notebook";
      side.title.closable = true;
      const inside = (title: string, fill: (host: HTMLElement) => Promise<() => void>): void => {
        const host = h("div", { class: "isym-panel-view" });
        let stop: (() => void) | undefined;
        const back = h("button", { type: "button", class: "isym-panel-back", click: () => { stop?.(); host.parentElement?.remove(); } }, `close ${title}`);
        side.node.append(h("div", {}, back, host));
        fill(host).then((done) => { stop = done; }, (error: Error) => { host.textContent = error.message; });
      };
      const beside = (title: string, fill: (host: HTMLElement) => Promise<() => void>): void => {
        const tab = new widgets.Widget();
        beside.count += 1;
        tab.id = `${ID}-view-${beside.count}`;
        tab.title.label = title;
        tab.title.closable = true;
        tab.node.style.overflow = "auto";
        tab.node.style.padding = "8px";
        // the first view goes beside the notebook, the next ones into tabs with it
        const near = beside.last?.isAttached ? { mode: "tab-after", ref: beside.last.id } : { mode: "split-right", ref: tracker.currentWidget?.id };
        beside.last = tab;
        app.shell.add(tab, "main", near);
        app.shell.activateById(tab.id);
        fill(tab.node).then((done) => { tab.disposed.connect(done); }, (error: Error) => { tab.node.textContent = error.message; });
      };
      beside.count = 0;
      beside.last = null as any;
      // the main area of Notebook 7 holds the notebook alone
      const panel = new Panel(side.node, app.name === "JupyterLab" ? beside : inside);
      app.shell.add(side, "right", { rank: 600 });
      const follow = (): void => panel.follow(tracker.currentWidget?.sessionContext.session?.kernel ?? null);
      const seen = new WeakSet();
      const current = (): void => {
        const context = tracker.currentWidget?.sessionContext;
        if (context && !seen.has(context)) {
          seen.add(context);
          context.kernelChanged.connect(follow);
        }
        follow();
      };
      tracker.currentChanged.connect(current);
      current();
      /** The view of one name of a kind: of `args.name`, of the only one, or of the one that is chosen. */
      const choose = async (kind: string, title: string, args: any): Promise<void> => {
        const names = await panel.names(kind);
        if (typeof args?.name === "string") return panel.open(args.name);
        if (names.length === 1) return panel.open(names[0]);
        if (names.length === 0) return void apputils.showDialog({ title, body: "There is none with a name in this notebook's kernel.", buttons: [apputils.Dialog.okButton()] });
        const { value } = await apputils.InputDialog.getItem({ title, items: names });
        if (value) panel.open(value);
      };
      const commands: [string, string, (args: any) => unknown][] = [
        ["panel", "Show functions, shared variables and random streams", () => app.shell.activateById(side.id)],
        ["refresh", "Read functions, shared variables and random streams again", () => panel.refresh()],
        ["open-function", "Open a function: graph, rewrites, C source, memory", (args) => choose("function", "Function", args)],
        ["open-shared", "Open a shared variable", (args) => choose("shared", "Shared variable", args)],
        ["open-stream", "Open random streams", (args) => choose("stream", "Random streams", args)],
        ["open-all-shared", "Open all shared variables", () => panel.open(KINDS.shared, { kind: "shared" })],
        ["open-all-streams", "Open all random streams", () => panel.open(KINDS.stream, { kind: "stream" })],
      ];
      for (const [name, label, execute] of commands) {
        const command = `${ID}:${name}`;
        app.commands.addCommand(command, { label, execute });
        palette?.addItem({ command, category: "interactive_sym" });
      }
    },
  };
}

/** The container's two functions, as module federation calls them. */
export const container = {
  init(shared: any): void { scope = shared; },
  async get(name: string): Promise<() => object> {
    if (name === "./style") return () => ({});
    if (name !== "./extension") throw new Error(`no module ${name}`);
    const made = await plugin();
    return () => ({ __esModule: true, default: made });
  },
};

if (typeof window !== "undefined") {
  const page = window as any;
  (page._JUPYTERLAB ??= {})[ID] = container;
}
