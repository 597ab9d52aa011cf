// Whether somebody can see an element: the page is shown, and the element is in its window.

/** Calls `changed` whenever that changes; returns how to ask and how to stop. */
export function sight(element: Element, changed: () => void): { seen(): boolean; stop(): void } {
  let inside = typeof IntersectionObserver === "undefined";
  const page = (): void => changed();
  const observer = inside ? null : new IntersectionObserver((entries) => {
    inside = entries[entries.length - 1].isIntersecting;
    changed();
  });
  observer?.observe(element);
  document.addEventListener("visibilitychange", page);
  return {
    seen: () => inside && document.visibilityState === "visible",
    stop() {
      observer?.disconnect();
      document.removeEventListener("visibilitychange", page);
    },
  };
}

const RENEW_MS = 30_000;

/** Keeps the kernel sending news as long as an element is in sight and `wanted`; `ask` begins or ends that. */
export class Following {
  private readonly eyes;
  private timer: number | undefined;
  private on = false;

  constructor(element: Element, private readonly wanted: () => boolean, private readonly ask: (on: boolean) => void) {
    this.eyes = sight(element, () => this.update());
  }

  /** Begins or ends, when what is wanted has changed. */
  update(): void {
    const on = this.wanted() && this.eyes.seen();
    if (on === this.on) return;
    this.on = on;
    window.clearInterval(this.timer);
    // the kernel forgets who doesn't ask again: a page that was closed says nothing
    if (on) this.timer = window.setInterval(() => this.ask(true), RENEW_MS);
    this.ask(on);
  }

  stop(): void {
    this.eyes.stop();
    window.clearInterval(this.timer);
    if (this.on) this.ask(false);
    this.on = false;
  }
}
