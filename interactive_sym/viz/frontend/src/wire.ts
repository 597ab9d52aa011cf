// Requests and answers over a comm, matched by number, and news that nobody asked for; and the view's front end, fetched from
// the kernel once per page.

import type { Request } from "./records";

export type Answer = [any, DataView[]];
export type Ask = (verb: string, fields?: object) => Promise<Answer>;
export interface Engine { mount: Function }

/** Questions that wait for their answers; `post` sends one. */
export class Questions {
  private readonly waiting = new Map<number, [(answer: Answer) => void, (error: Error) => void]>();
  private readonly ears = new Map<string, Set<(news: any) => void>>();
  private count = 0;

  constructor(public post: (content: object) => void) {}

  ask(verb: string, fields: object = {}): Promise<Answer> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, [resolve, reject]);
      this.post({ id, verb, ...fields });
    });
  }

  /** Hears news of one view; returns how to stop. */
  listen(view: string, heard: (news: any) => void): () => void {
    const ears = this.ears.get(view) ?? new Set();
    this.ears.set(view, ears.add(heard));
    return () => { ears.delete(heard); };
  }

  receive(content: any, buffers: DataView[]): void {
    if (typeof content?.push === "string") {
      const ears = this.ears.get(content.push);
      if (!ears?.size || !buffers[0]) return;
      const news = JSON.parse(new TextDecoder().decode(buffers[0]));
      for (const heard of ears) heard(news);
      return;
    }
    const entry = this.waiting.get(content?.id);
    if (entry === undefined) return;
    this.waiting.delete(content.id);
    if (content.error) entry[1](new Error(content.error));
    else entry[0]([content.answer, buffers]);
  }

  /** Nobody will answer any more. */
  fail(why: string): void {
    for (const [, reject] of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
  }
}

/** What a view asks with. */
export function requests(questions: Questions, view: string): Request {
  const ask = async (verb: string, fields: object = {}): Promise<any> => (await questions.ask(verb, { view, ...fields }))[0];
  return Object.assign(ask, { listen: (heard: (news: any) => void) => questions.listen(view, heard) });
}

/** Resolves when a comm's subshell is there, or after a second: opened before, it would wait for the running cell. */
export function subshell(kernel: any, comm: any): Promise<unknown> {
  if (!kernel?.supportsSubshells) return Promise.resolve();
  return Promise.race([comm?.subshellStarted, new Promise((resolve) => { setTimeout(resolve, 1000); })]);
}

/** The front end of this version; a failure is forgotten, so that the next view tries again. */
export function frontEnd(version: string, ask: Ask): Promise<Engine> {
  const shared = globalThis as { interactiveSymFront?: Record<string, Promise<Engine>> };
  const cache = (shared.interactiveSymFront ??= {});
  return (cache[version] ??= ask("front").then(([, buffers]) =>
    import(URL.createObjectURL(new Blob([buffers[0] as unknown as BlobPart], { type: "text/javascript" })))).catch((error) => {
    delete cache[version];
    throw error;
  }));
}
