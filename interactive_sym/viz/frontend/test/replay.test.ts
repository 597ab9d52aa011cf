import assert from "node:assert/strict";
import { test } from "node:test";

import { fitted, path, revealing, zoomed } from "../src/camera";
import { lines, tokens } from "../src/code";
import { curve, nextTouching } from "../src/passes";
import { size, time } from "../src/plan";
import { provisional, unpacked } from "../src/layouts";
import { scales } from "../src/minimap";
import type { Face, TraceMessage } from "../src/records";
import { between, fingerprint, OLD, reached, Replay, search, users, written } from "../src/replay";

const strings = ["", "elementwise", "input", "x", "log", "add", "log1p", "sum", "rule", "because"];

function face(label: number, leaf: boolean): Face { return [leaf ? 2 : 1, label, 0, 80, 38, leaf ? 2 : 1, leaf ? 0 : label, 0, [], [], 0, 0, 0, 0]; }

/** sum(log(add(x, x))) becomes sum(log1p(x)): node 2 is replaced, node 1 goes, node 3 keeps its identity. */
function trace(steps: number): TraceMessage {
  const faces = [face(3, true), face(5, false), face(4, false), face(7, false), face(6, false)];
  // id less the last one, face, count of inputs, id less each input's; a negative count also gives outputs
  const nodes = [0, 0, 0, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, -1, 4, -1, 2, 0];
  const outputs = [[3, 0, 3, 60, 24]];
  const step = { rule: 8, why: 9, changes: 0, pass: 0, before: 0, after: 0, set: 1, order: [0, 1, 2, 2], outputs, removed: [1, 2], added: [2] };
  const still = { ...step, set: 0, order: [0, 3], removed: [], added: [], pass: 9 };
  return { nodes, faces, start: { set: 4, outputs }, strings, steps: [step, ...Array.from({ length: steps - 1 }, () => still)] };
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

test("an order brings nodes between pieces that stay", () => {
  const made = trace(1);
  made.steps[0] = { ...made.steps[0], order: [0, 1, -3, 3, 1] };
  const replay = new Replay(made);
  assert.deepEqual([...replay.state(1).nodes.keys()], [0, 2, 3]);
  assert.equal(replay.size(1), 3);
});

test("passes begin where their names change", () => {
  assert.deepEqual(new Replay(trace(4)).passes(), [1, 2]);
});

test("an overlay holds what went beside what came", () => {
  const replay = new Replay(trace(1));
  const both = replay.overlaid(1, true);
  assert.deepEqual([...both.nodes.keys()], [OLD + 1, OLD + 2, 0, 2, 3]);
  assert.deepEqual(both.nodes.get(OLD + 2)?.inputs.map(({ id }) => id), [OLD + 1]);
  assert.deepEqual(both.nodes.get(OLD + 1)?.inputs.map(({ id }) => id), [0, 0]);
  assert.deepEqual(both.nodes.get(3)?.inputs.map(({ id }) => id), [2, OLD + 2]);
  assert.deepEqual(replay.overlaid(1, false).nodes.get(3)?.inputs.map(({ id }) => id), [2]);
});

test("paths, what leads to a node, what it leads to, nodes of a line", () => {
  const state = new Replay(trace(1)).state(0);
  assert.deepEqual([...between(state, 1, 3)].sort(), [1, 2, 3]);
  assert.deepEqual([...between(state, 3, 1)].sort(), [1, 2, 3]);
  assert.deepEqual([...reached(state, [2], "inputs")].sort(), [0, 1, 2]);
  assert.deepEqual([...reached(state, [2], "users")].sort(), [2, 3]);
  state.nodes.set(9, { ...state.nodes.get(0)!, id: 9, where: "cell 1 line 1" });
  assert.equal(between(state, 9, 3).size, 0);
  assert.deepEqual([...written(state, "cell 1 line 1")], [9]);
});

test("layouts are told in few numbers", () => {
  const state = new Replay(trace(1)).state(1);
  const message = { width: 100, height: 200, at: [50, 19, 0, 60, 0, 60], edges: [2, 5, -5, 8, 50, 98, 3, 4, 0, 5, -3, 6], engine: "layered" };
  const layout = unpacked(message, state, false);
  assert.deepEqual(layout.places.get(2), { x: 10, y: 60, width: 80, height: 38 });
  assert.deepEqual(layout.edges[0], { source: 0, target: 2, position: 0, points: [55, 38, 55, 49, 45, 49, 45, 60] });
  assert.deepEqual(layout.edges[1].points, [50, 98, 53, 102, 53, 107, 50, 113]);
  const straight = unpacked({ ...message, at: [50, 19, 0, 260, 0, 60], edges: [0, 0] }, state, false);
  assert.deepEqual(straight.edges[0].points, [50, 38, 50, 98, 50, 200, 50, 260]);
});

test("a graph without layout is drawn where its nodes were", () => {
  const replay = new Replay(trace(1));
  const message = { width: 100, height: 300, at: [50, 19, 0, 60, 0, 60, 0, 60], edges: [2, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0], engine: "layered" };
  const known = unpacked(message, replay.state(0), false);
  known.places.delete(2);
  const placed = provisional(replay.state(1), false, known);
  assert.deepEqual([...placed.places.keys()], [0, 2, 3]);
  assert.deepEqual(placed.places.get(0), known.places.get(0));
  assert.ok(placed.places.get(2)!.y >= 38);
  assert.equal(placed.edges.length, 2);
});

test("a small map fits its corner and can be aimed at", () => {
  assert.deepEqual(scales(120, 96), [1, 1]);
  const [across, down] = scales(900, 700_000);
  assert.ok(900 * across >= 24 && 700_000 * down <= 96);
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
