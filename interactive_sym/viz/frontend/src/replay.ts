// The trace, replayed in the browser: the graph after any number of rewrites, from keyframes.

import { node, outputs, type Node, type Output, type Step, type TraceMessage } from "./records";

export interface State { nodes: Map<number, Node>; outputs: Output[] }

const KEYFRAME = 16;

export class Replay {
  readonly length: number;
  private readonly keyframes = new Map<number, State>();

  constructor(private readonly trace: TraceMessage) {
    this.length = trace.steps.length;
    const nodes = new Map<number, Node>();
    for (const row of trace.start.set) {
      const made = node(trace.nodes[row], trace.strings);
      nodes.set(made.id, made);
    }
    this.keyframes.set(0, { nodes, outputs: outputs(trace.start.outputs, trace.strings) });
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

  private apply(state: State, index: number): State {
    const step = this.trace.steps[index];
    const known = new Map(state.nodes);
    for (const row of step.set) {
      const made = node(this.trace.nodes[row], this.trace.strings);
      known.set(made.id, made);
    }
    const nodes = new Map<number, Node>();
    for (const id of step.order) nodes.set(id, known.get(id) as Node);
    return { nodes, outputs: outputs(step.outputs, this.trace.strings) };
  }

  /** Rewrite number `index`, counted from 1. */
  step(index: number): Step {
    const { rule, why, changes, pass, before, after } = this.trace.steps[index - 1];
    const s = this.trace.strings;
    return { rule: s[rule], why: s[why], changes: s[changes], pass: s[pass], before: s[before], after: s[after] };
  }

  removed(index: number): Set<number> { return new Set(this.trace.steps[index - 1].removed); }

  added(index: number): Set<number> { return new Set(this.trace.steps[index - 1].added); }

  /** How many nodes there are after `index` rewrites. */
  size(index: number): number {
    return index === 0 ? this.trace.start.set.length : this.trace.steps[index - 1].order.length;
  }

  /** The rewrites in whose rule, reason, texts, or new nodes every word of the query is, ignoring case. */
  matching(query: string): number[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const s = this.trace.strings;
    return this.trace.steps.flatMap((step, k) => {
      const made = step.set.map((row) => this.trace.nodes[row]);
      const text = [step.rule, step.why, step.pass, step.before, step.after, ...made.flatMap((row) => [row[2], row[7], row[11], row[12]])]
        .map((index) => s[index]).join(" ").toLowerCase();
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
