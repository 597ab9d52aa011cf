// The trace, replayed in the browser: the graph after any number of rewrites, from keyframes.

import { nodes, outputs, type Input, type Node, type Output, type Step, type TraceMessage } from "./records";

export interface State { nodes: Map<number, Node>; outputs: Output[] }

const KEYFRAME = 16;

/** In an overlay, a node that a rewrite took away or changed has its number plus this; as in model.py. */
export const OLD = 1_000_000;

export class Replay {
  readonly length: number;
  private readonly keyframes = new Map<number, State>();
  private readonly made: Node[];
  /** Where the nodes of each step begin. */
  private readonly first: number[];
  private readonly sizes: number[];

  constructor(private readonly trace: TraceMessage) {
    this.length = trace.steps.length;
    this.made = nodes(trace);
    const start = this.made.slice(0, trace.start.set);
    this.first = [trace.start.set];
    this.sizes = [start.length];
    for (const { set, order } of trace.steps) {
      this.first.push(this.first[this.first.length - 1] + set);
      let size = 0;
      for (let k = 0; k < order.length; k += 1) {
        if (order[k] < 0) size += 1;
        else size += order[k += 1];
      }
      this.sizes.push(size);
    }
    this.keyframes.set(0, { nodes: new Map(start.map((item) => [item.id, item])), outputs: outputs(trace.start.outputs, trace.strings) });
  }

  /** The graph after `index` rewrites. */
  state(index: number): State {
    let from = index;
    while (!this.keyframes.has(from)) from -= 1;
    let state = this.keyframes.get(from) as State;
    for (let k = from; k < index; k += 1) {
      state = this.apply(state, k);
      if ((k + 1) % KEYFRAME === 0) this.keyframes.set(k + 1, state);
    }
    return state;
  }

  /** The nodes that step number `index`, counted from 0, brings or changes. */
  private brought(index: number): Node[] { return this.made.slice(this.first[index], this.first[index + 1]); }

  private apply(state: State, index: number): State {
    const { order, outputs: results } = this.trace.steps[index];
    const before = [...state.nodes.keys()];
    const known = new Map(this.brought(index).map((item) => [item.id, item]));
    const found = new Map<number, Node>();
    const add = (id: number): void => { found.set(id, (known.get(id) ?? state.nodes.get(id)) as Node); };
    for (let k = 0; k < order.length; k += 1) {
      if (order[k] < 0) add(-1 - order[k]);
      else {
        for (let place = order[k], end = place + order[k + 1]; place < end; place += 1) add(before[place]);
        k += 1;
      }
    }
    return { nodes: found, outputs: outputs(results, this.trace.strings) };
  }

  /** What rewrite number `index` took away or changed beside what it brought; see `overlay` in model.py. */
  overlaid(index: number, joined: boolean): State { return overlaid(this.state(index - 1), this.state(index), this.removed(index), joined); }

  /** Rewrite number `index`, counted from 1. */
  step(index: number): Step {
    const { rule, why, changes, pass, before, after } = this.trace.steps[index - 1];
    const s = this.trace.strings;
    return { rule: s[rule], why: s[why], changes: s[changes], pass: s[pass], before: s[before], after: s[after] };
  }

  removed(index: number): Set<number> { return new Set(this.trace.steps[index - 1].removed); }

  added(index: number): Set<number> { return new Set(this.trace.steps[index - 1].added); }

  /** How many nodes there are after `index` rewrites. */
  size(index: number): number { return this.sizes[index]; }

  /** The first rewrite of each pass, counted from 1. */
  passes(): number[] {
    return this.trace.steps.flatMap(({ pass }, k) => (k === 0 || this.trace.steps[k - 1].pass !== pass ? [k + 1] : []));
  }

  /** The rewrites in whose rule, reason, texts, or new nodes every word of the query is, ignoring case. */
  matching(query: string): number[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const s = this.trace.strings;
    return this.trace.steps.flatMap((step, k) => {
      const made = this.brought(k).flatMap(({ label, op, where, line }) => [label, op, where, line]);
      const text = [...[step.rule, step.why, step.pass, step.before, step.after].map((index) => s[index]), ...made].join(" ").toLowerCase();
      return words.every((word) => text.includes(word)) ? [k + 1] : [];
    });
  }

  /** The rewrites that brought or changed a node, counted from 1. */
  touching(id: number): number[] {
    const found: number[] = [];
    this.trace.steps.forEach((step, k) => {
      if (step.added.includes(id) || step.removed.includes(id)) found.push(k + 1);
    });
    return found;
  }
}

/** Two neighbouring graphs in one: nodes that went, numbered apart, beside those that came. */
export function overlaid(before: State, after: State, removed: Set<number>, joined: boolean): State {
  const named = (input: Input): Input => (removed.has(input.id) ? { ...input, id: input.id + OLD } : input);
  const found = new Map<number, Node>();
  for (const item of before.nodes.values()) {
    if (removed.has(item.id)) found.set(item.id + OLD, { ...item, id: item.id + OLD, inputs: item.inputs.map(named) });
  }
  for (const item of after.nodes.values()) {
    const used = joined && !removed.has(item.id) ? before.nodes.get(item.id)?.inputs.filter(({ id }) => removed.has(id)) ?? [] : [];
    found.set(item.id, used.length > 0 ? { ...item, inputs: [...item.inputs, ...used.map(named)] } : item);
  }
  return { nodes: found, outputs: after.outputs };
}

/** Nodes that lead to these (`inputs`), or that they lead to; with themselves. */
export function reached(state: State, from: Iterable<number>, way: "inputs" | "users"): Set<number> {
  const below = way === "users" ? users(state) : null;
  const found = new Set(from);
  for (const id of found) {
    const next = below === null ? state.nodes.get(id)?.inputs.map((input) => input.id) : below.get(id);
    for (const other of next ?? []) found.add(other);
  }
  return found;
}

/** All nodes on paths between two nodes, whichever comes first; empty where there is no path. */
export function between(state: State, one: number, other: number): Set<number> {
  for (const [from, to] of [[one, other], [other, one]]) {
    const above = reached(state, [to], "inputs");
    if (above.has(from)) return new Set([...reached(state, [from], "users")].filter((id) => above.has(id)));
  }
  return new Set();
}

/** Nodes that were written on one of the user's lines. */
export function written(state: State, where: string): Set<number> {
  return new Set([...state.nodes.values()].filter((item) => item.where === where).map((item) => item.id));
}

/** Users of each node, in the order of the graph. */
export function users(state: State): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const item of state.nodes.values()) {
    for (const { id } of item.inputs) {
      const list = found.get(id) ?? [];
      if (list[list.length - 1] !== item.id) list.push(item.id);
      found.set(id, list);
    }
  }
  return found;
}

/** A fingerprint of a graph: equal graphs have equal ones (FNV-1a, 32 bits). */
export function fingerprint(state: State): string {
  let hash = 0x811c9dc5;
  const add = (text: string): void => {
    for (let k = 0; k < text.length; k += 1) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  };
  for (const item of state.nodes.values()) {
    add(`${item.id}|${item.op}|${item.label}|${item.inputs.map((i) => `${i.id}.${i.output}`).join(",")};`);
  }
  for (const output of state.outputs) add(`${output.id}.${output.index}=${output.label};`);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** Nodes whose text holds every word of the query, ignoring case. */
export function search(state: State, query: string): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return [...state.nodes.values()]
    .filter((item) => {
      const text = [item.label, item.op, item.family, item.sub, ...item.names, item.where, item.line, item.value]
        .join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .map((item) => item.id);
}
