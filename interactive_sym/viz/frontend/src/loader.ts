// The only script that travels with each widget: it fetches the view's front end from the kernel once per page, and keeps
// a static picture on show until the kernel answers. Requests go over a comm opened here, which a kernel with subshells
// answers even while a cell runs; hosts without such comms get them as the widget's own messages.

interface Model {
  get(name: string): any;
  on(name: string, callback: (...content: any[]) => void): void;
  off(name: string, callback: (...content: any[]) => void): void;
  send(content: unknown): void;
  widget_manager?: any;
}

type Answer = [any, DataView[]];

const TARGET = "interactive_sym.view";

interface Link { request(verb: string, fields?: object): Promise<Answer>; close(): void }

const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

async function connect(model: Model): Promise<Link> {
  const waiting = new Map<number, [(answer: Answer) => void, (error: Error) => void]>();
  let count = 0;
  const receive = (content: any, buffers: DataView[]): void => {
    const entry = waiting.get(content?.id);
    if (entry === undefined) return;
    waiting.delete(content.id);
    if (content.error) entry[1](new Error(content.error));
    else entry[0]([content.answer, buffers]);
  };
  let post: (content: object) => void;
  const own = (): void => { post = (content) => model.send(content); };
  const custom = (content: any, buffers: DataView[]): void => receive(content, buffers);
  model.on("msg:custom", custom);
  let comm: any;
  try {
    const manager = model.widget_manager;
    comm = await manager._create_comm(TARGET);
    // opened before its subshell is there, a comm would wait for the running cell like everything else
    if (manager.kernel?.supportsSubshells) await Promise.race([comm.jsServicesComm?.subshellStarted, pause(1000)]);
    comm.open({});
    comm.on_msg((message: any) => receive(message.content.data, message.buffers ?? []));
    // a kernel that doesn't know the target has not made this view: it was restarted, or the notebook comes from a file
    comm.on_close(() => {
      comm = undefined;
      own();
      for (const [, reject] of waiting.values()) reject(new Error("run the cell for the live view"));
      waiting.clear();
    });
    post = (content) => comm.send(content, {});
  } catch {
    own();
  }
  return {
    request(verb, fields = {}) {
      count += 1;
      const id = count;
      return new Promise((resolve, reject) => {
        waiting.set(id, [resolve, reject]);
        post({ id, verb, view: model.get("view"), ...fields });
      });
    },
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

async function front(link: Link): Promise<{ mount: Function }> {
  const [version, buffers] = await link.request("front");
  const address = URL.createObjectURL(new Blob([buffers[0] as unknown as BlobPart], { type: "text/javascript" }));
  void version;
  return import(address);
}

export default {
  async render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
    const shared = globalThis as { interactiveSymFront?: Record<string, Promise<{ mount: Function }>> };
    const cache = (shared.interactiveSymFront ??= {});
    const key: string = model.get("front");
    picture(el, model.get("svg"), "");
    const late = setTimeout(() => picture(el, model.get("svg"), "The live view opens when the kernel is free."), 1500);
    const link = await connect(model);
    let stop: (() => void) | undefined;
    let gone = false;
    void (async () => {
      try {
        const [engine, [view]] = await Promise.all([(cache[key] ??= front(link)), link.request("open")]);
        clearTimeout(late);
        if (!gone) stop = engine.mount(el, view, async (verb: string, fields: object) => (await link.request(verb, fields))[0]);
      } catch (error) {
        clearTimeout(late);
        delete cache[key];
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
