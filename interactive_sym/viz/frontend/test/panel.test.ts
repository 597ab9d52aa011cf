import assert from "node:assert/strict";
import { test } from "node:test";

import { Link } from "../src/panel";

/** A kernel of JupyterLab, as far as the panel sees it. */
function fakeKernel() {
  const slots: Record<string, ((sender: any, value: any) => void)[]> = { statusChanged: [], iopubMessage: [] };
  const signal = (name: string) => ({
    connect(slot: (sender: any, value: any) => void, self: any) { slots[name].push((sender, value) => slot.call(self, sender, value)); },
    disconnect() { slots[name] = []; },
  });
  return {
    status: "idle", isDisposed: false, statusChanged: signal("statusChanged"), iopubMessage: signal("iopubMessage"),
    registerCommTarget() { /* nobody says hello */ }, removeCommTarget() { /* nothing was kept */ },
    requestCommInfo: async () => ({ content: { comms: {} } }),
    say(state: string, request: string) {
      const message = { header: { msg_type: "status" }, parent_header: { msg_type: request }, content: { execution_state: state } };
      for (const slot of slots.iopubMessage) slot(null, message);
    },
  };
}

test("what cells do is news, what the panel's own requests do is not", () => {
  let news = 0;
  const kernel = fakeKernel();
  const link = new Link(kernel, () => { news += 1; });
  kernel.say("busy", "comm_msg");
  kernel.say("idle", "comm_msg");
  assert.equal(news, 0);
  kernel.say("busy", "execute_request");
  assert.ok(link.running);
  kernel.say("busy", "comm_msg");
  kernel.say("idle", "comm_msg");
  assert.ok(link.running);
  kernel.say("idle", "execute_request");
  assert.ok(!link.running);
  assert.equal(news, 2);
  link.close();
  kernel.say("idle", "execute_request");
  assert.equal(news, 2);
});
