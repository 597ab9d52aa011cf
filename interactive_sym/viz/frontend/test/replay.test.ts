import assert from "node:assert/strict";
import { test } from "node:test";

import { fitted, path, revealing, zoomed } from "../src/camera";
import { lines, tokens } from "../src/code";
import { curve, nextTouching } from "../src/passes";
import { size, time } from "../src/plan";
import type { Row, TraceMessage } from "../src/records";
import { fingerprint, Replay, search, users } from "../src/replay";

const strings = ["", "elementwise", "input", "x", "log", "add", "log1p", "sum", "rule", "because"];

function row(id: number, label: number, inputs: number[]): Row {
  const leaf = inputs.length === 0;
  return [id, leaf ? 2 : 1, label, 0, 80, 38, leaf ? 2 : 1, leaf ? 0 : label, 0, [], [], 0, 0, 0, 0, inputs.flatMap((i) => [i, 0])];
}

/** sum(log(add(x, x))) becomes sum(log1p(x)): node 2 is replaced, node 1 goes, node 3 keeps its identity. */
function trace(steps: number): TraceMessage {
  const nodes = [row(0, 3, []), row(1, 5, [0, 0]), row(2, 4, [1]), row(3, 7, [2]), row(2, 6, [0])];
  const outputs = [[3, 0, 3, 60, 24]];
  const step = { rule: 8, why: 9, changes: 0, pass: 0, before: 0, after: 0, gone: [1], set: [4], order: [0, 2, 3], outputs,
    removed: [1, 2], added: [2] };
  const still = { ...step, gone: [], set: [], removed: [], added: [] };
  return { nodes, start: { set: [0, 1, 2, 3], outputs }, strings, steps: [step, ...Array.from({ length: steps - 1 }, () => still)] };
}

test("a step replaces a node and keeps identities", () => {
  const replay = new Replay(trace(1));
  assert.deepEqual([...replay.state(0).nodes.keys()], [0, 1, 2, 3]);
  assert.deepEqual([...replay.state(1).nodes.keys()], [0, 2, 3]);
  assert.equal(replay.state(1).nodes.get(2)?.label, "log1p");
  assert.equal(replay.step(1).why, "because");
  assert.deepEqual(replay.touching(2), [1]);
  assert.deepEqual(replay.touching(3), []);
});

test("scrubbing there and back gives the same graphs", () => {
  const replay = new Replay(trace(50));
  const there = Array.from({ length: 51 }, (_, k) => fingerprint(replay.state(k)));
  const back = Array.from({ length: 51 }, (_, k) => fingerprint(replay.state(50 - k))).reverse();
  assert.deepEqual(back, there);
  assert.equal(fingerprint(new Replay(trace(50)).state(50)), there[50]);
  assert.notEqual(there[0], there[1]);
});

test("users and search", () => {
  const state = new Replay(trace(1)).state(0);
  assert.deepEqual(users(state).get(0), [1]);
  assert.deepEqual(search(state, "LOG"), [2]);
  assert.deepEqual(search(state, "  "), []);
  assert.deepEqual(search(state, "log nothing"), []);
});

test("zoom keeps the point under the pointer", () => {
  const camera = zoomed({ x: 10, y: 20, zoom: 1 }, 2, { x: 110, y: 220 });
  assert.deepEqual(camera, { x: -90, y: -180, zoom: 2 });
  assert.equal(zoomed(camera, 1e9, { x: 0, y: 0 }).zoom, 4);
});

test("fit shows all and never enlarges", () => {
  assert.deepEqual(fitted({ width: 100, height: 50 }, { width: 300, height: 150 }), { x: 100, y: 50, zoom: 1 });
  const small = fitted({ width: 1000, height: 100 }, { width: 232, height: 300 });
  assert.equal(small.zoom, 0.2);
});

test("revealing moves as little as needed", () => {
  const camera = { x: 0, y: 0, zoom: 1 };
  const window = { width: 200, height: 200 };
  assert.deepEqual(revealing(camera, { x: 50, y: 50, width: 40, height: 20 }, window), camera);
  assert.equal(revealing(camera, { x: 190, y: 50, width: 40, height: 20 }, window).x, -46);
  assert.equal(revealing(camera, { x: -30, y: 50, width: 40, height: 20 }, window).x, 46);
});

test("paths leave room for the arrow head", () => {
  assert.equal(path([0, 0, 0, 10, 0, 20, 0, 30], 5), "M0 0C 0 10 0 20 0 25");
  assert.equal(path([0, 0]), "");
});

test("tokens lose no character", () => {
  const source = '#include "isym.h"\n/* a\n b */ int f(void) { return 0x1F; } // <b>end</b>\n';
  const found = tokens(source);
  assert.equal(found.map(([, text]) => text).join(""), source);
  assert.deepEqual(found.filter(([kind]) => kind === "keyword").map(([, text]) => text), ["int", "void", "return"]);
  assert.equal(found.at(-2)?.[1], "// <b>end</b>");
});

test("lines keep the text of each line", () => {
  const source = "int f;\n\n/* a\n b */ x = 2;\n";
  assert.equal(lines(source).map((pieces) => pieces.map(([, text]) => text).join("")).join("\n"), source);
  assert.deepEqual(lines(source)[3][0], ["comment", " b */"]);
});

test("rewrites are found by rule, reason, pass, operation and line", () => {
  const replay = new Replay(trace(3));
  assert.deepEqual(replay.matching(""), [1, 2, 3]);
  assert.deepEqual(replay.matching("RULE because"), [1, 2, 3]);
  assert.deepEqual(replay.matching("log1p"), [1]);
  assert.deepEqual(replay.matching("<b>"), []);
  assert.equal(replay.size(0), 4);
  assert.equal(replay.size(1), 3);
});

test("next and previous rewrite of a node", () => {
  assert.equal(nextTouching([2, 5, 9], 5, 1), 9);
  assert.equal(nextTouching([2, 5, 9], 5, -1), 2);
  assert.equal(nextTouching([2, 5, 9], 9, 1), null);
});

test("curves leave gaps where nothing is known", () => {
  assert.equal(curve([2, 1], 10, 10), "M0.0 0.0L10.0 5.0");
  assert.equal(curve([2, null, 1], 10, 10), "M0.0 0.0M10.0 5.0");
  assert.equal(curve([], 10, 10), "");
});

test("times and sizes", () => {
  assert.deepEqual([time(12), time(1500), time(2.5e6)], ["12 ns", "1.5 µs", "2.50 ms"]);
  assert.deepEqual([size(12), size(2048), size(3e6)], ["12 B", "2.0 kB", "3.0 MB"]);
});
