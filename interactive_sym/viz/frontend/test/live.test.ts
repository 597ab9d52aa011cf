import assert from "node:assert/strict";
import { test } from "node:test";

import { merged, sparkline, type LiveSample } from "../src/live";
import { cellLine } from "../src/place";
import { Questions } from "../src/wire";

test("a sparkline fills its box", () => {
  assert.equal(sparkline([0, 1], 100, 20), "M0.0,20.0L100.0,0.0");
});

test("values that are not finite leave a gap", () => {
  assert.equal(sparkline([0, null, 2], 100, 20), "M0.0,20.0M100.0,0.0");
  assert.equal(sparkline([null], 100, 20), "");
});

test("one value, or equal values, lie in the middle", () => {
  assert.equal(sparkline([5], 100, 20), "M50.0,10.0");
  assert.equal(sparkline([5, 5], 100, 20), "M0.0,10.0L100.0,10.0");
});

const row = (name: string, version: number) => ({ name, type: "float64", where: "cell 1 line 1", shape: [2], statistics: [], sample: "", editable: true,
  writers: [{ function: "f", what: "w", where: "cell 2 line 1", line: "f = 1" }], version, changes: 0, undo: 0, spark: [], kept: [] });

test("news of a row change it and leave what does not move", () => {
  const old: LiveSample = { rows: [row("w", 1), row("b", 1)], streams: [], saved: [], queued: [], failed: "" };
  const now = merged(old, { moved: [{ k: 1, version: 7 }, { k: 9, version: 1 }], streams_moved: [] })!;
  assert.deepEqual(now.rows.map((each) => [each.name, each.version, each.writers.length]), [["w", 1, 1], ["b", 7, 1]]);
  assert.equal(old.rows[1].version, 1);
  assert.equal(merged(null, { moved: [], streams_moved: [] }), null);
});

test("news of streams keep who uses them", () => {
  const stream = { title: "s", algorithm: "a", seed: "1", state: "0", rows: [{ draw: "uniform", name: "u", type: "t", where: "", state: "0", count: "0", used: ["f"], still: [] }] };
  const old: LiveSample = { rows: [], streams: [stream], saved: [], queued: [], failed: "" };
  const line = { draw: "uniform", name: "u", type: "t", where: "", state: "1", count: "about 1" } as any;
  const now = merged(old, { moved: [], streams_moved: [{ k: 0, state: "1", rows: [line] }] })!;
  assert.deepEqual([now.streams[0].state, now.streams[0].rows[0].count, now.streams[0].rows[0].used], ["1", "about 1", ["f"]]);
});

test("news reach those who listen, answers those who asked", async () => {
  const sent: any[] = [], heard: any[] = [];
  const questions = new Questions((content) => sent.push(content));
  const stop = questions.listen("3", (news) => heard.push(news));
  const part = (value: unknown) => new DataView(new TextEncoder().encode(JSON.stringify(value)).buffer as ArrayBuffer);
  questions.receive({ id: 0, push: "3" }, [part({ a: 1 })]);
  questions.receive({ id: 0, push: "4" }, [part({ a: 2 })]);
  stop();
  questions.receive({ id: 0, push: "3" }, [part({ a: 3 })]);
  assert.deepEqual(heard, [{ a: 1 }]);
  const answer = questions.ask("sample");
  questions.receive({ id: sent[0].id, answer: 5 }, []);
  assert.equal((await answer)[0], 5);
});

test("a place is a cell's line or a file's", () => {
  assert.deepEqual(cellLine("cell 12 line 3"), [12, 3]);
  assert.equal(cellLine("train.py:12"), null);
});
