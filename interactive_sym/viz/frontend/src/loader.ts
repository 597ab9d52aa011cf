// The only script that travels with each widget: it fetches the view's front end from the kernel once per page, and keeps
// a static picture on show until the kernel answers. Requests go over a comm opened here, which a kernel with subshells
// answers even while a cell runs; hosts without such comms get them as the widget's own messages.

import { frontEnd, Questions, requests, subshell } from "./wire";

interface Model {
  get(name: string): any;
  on(name: string, callback: (...content: any[]) => void): void;
  off(name: string, callback: (...content: any[]) => void): void;
  send(content: unknown): void;
  widget_manager?: any;
}

const TARGET = "interactive_sym.view";

interface Link { questions: Questions; close(): void }

async function connect(model: Model): Promise<Link> {
  const own = (content: object): void => model.send(content);
  const questions = new Questions(own);
  const custom = (content: any, buffers: DataView[]): void => questions.receive(content, buffers);
  model.on("msg:custom", custom);
  let comm: any;
  try {
    const manager = model.widget_manager;
    comm = await manager._create_comm(TARGET);
    await subshell(manager.kernel, comm.jsServicesComm);
    comm.open({});
    comm.on_msg((message: any) => questions.receive(message.content.data, message.buffers ?? []));
    // a kernel that doesn't know the target has not made this view: it was restarted, or the notebook comes from a file
    comm.on_close(() => {
      comm = undefined;
      questions.post = own;
      questions.fail("run the cell for the live view");
    });
    questions.post = (content) => comm.send(content, {});
  } catch {
    questions.post = own;
  }
  return {
    questions,
    close() {
      model.off("msg:custom", custom);
      comm?.close();
    },
  };
}

function picture(el: HTMLElement, svg: string, note: string): void {
  const image = document.createElement("img");
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
  image.alt = "static picture";
  image.style.maxWidth = "100%";
  const text = document.createElement("div");
  text.textContent = note;
  text.dataset.note = "";
  el.replaceChildren(image, text);
}

export default {
  async render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
    picture(el, model.get("svg"), "");
    const late = setTimeout(() => picture(el, model.get("svg"), "The live view opens when the kernel is free."), 1500);
    const link = await connect(model);
    let stop: (() => void) | undefined;
    let gone = false;
    void (async () => {
      try {
        const ask = requests(link.questions, model.get("view"));
        const front = frontEnd(model.get("front"), (verb) => link.questions.ask(verb));
        const [engine, view] = await Promise.all([front, ask("open")]);
        clearTimeout(late);
        if (!gone) stop = engine.mount(el, view, ask);
      } catch (error) {
        clearTimeout(late);
        picture(el, model.get("svg"), `Static picture; ${(error as Error).message}.`);
      }
    })();
    return () => {
      gone = true;
      clearTimeout(late);
      stop?.();
      link.close();
    };
  },
};
