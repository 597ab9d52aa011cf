import assert from "node:assert/strict";
import { test } from "node:test";

import { Link, merged } from "../src/panel";

/** A kernel of JupyterLab, as far as the panel sees it. */
function fakeKernel() {
  const slots: Record<string, ((sender: any, value: any) => void)[]> = { statusChanged: [] };
  const signal = (name: string) => ({
    connect(slot: (sender: any, value: any) => void, self: any) { slots[name].push((sender, value) => slot.call(self, sender, value)); },
    disconnect() { slots[name] = []; },
  });
  return {
    status: "idle", isDisposed: false, statusChanged: signal("statusChanged"),
    registerCommTarget() { /* nobody says hello */ }, removeCommTarget() { /* nothing was kept */ },
    requestCommInfo: async () => ({ content: { comms: {} } }),
    becomes(status: string) { for (const slot of slots.statusChanged) slot(null, status); },
  };
}

test("a link is told of a kernel that goes", () => {
  let news = 0;
  const kernel = fakeKernel();
  const link = new Link(kernel, () => { news += 1; }, () => undefined);
  kernel.becomes("busy");
  assert.equal(news, 0);
  kernel.becomes("restarting");
  assert.equal(news, 1);
  link.close();
  kernel.becomes("dead");
  assert.equal(news, 1);
});

test("values that move take the place of the old ones, and a cell's end lists all anew", () => {
  const row = (name: string, value: string) => ({ name, kind: "shared", type: "float64", value });
  const old = [row("w", "1"), row("b", "2")];
  assert.deepEqual(merged(old, { moved: [row("b", "3"), row("unknown", "4")] }), [row("w", "1"), row("b", "3")]);
  assert.deepEqual(merged(old, { all: [row("c", "5")] }), [row("c", "5")]);
});
