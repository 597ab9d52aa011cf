// What the kernel sends (see model.py), and nodes as the rest of the front end uses them.

/** What many nodes have in common: family, label, sub, width, height, kind, op, doc, types, names, where, line, origin, value. */
export type Face = [
  number, number, number, number, number, number, number, number, number[], number[], number, number, number, number,
];

export interface StepMessage {
  rule: number; why: number; changes: number; pass: number; before: number; after: number;
  set: number; order: number[]; outputs: number[][]; removed: number[]; added: number[];
}

export interface TraceMessage {
  nodes: number[];
  faces: Face[];
  start: { set: number; outputs: number[][] };
  steps: StepMessage[];
  strings: string[];
}

/** See `arranged` in model.py; `joined` belongs to overlays. */
export interface LayoutMessage {
  width: number; height: number; at: number[]; edges: number[]; engine: string; joined?: boolean;
}

export interface Argument { name: string; type: string; default: string }

export interface StateRow {
  name: string; kind: string; type: string; shape: number[] | null; statistics: [string, string][]; sample: string;
}

export interface Nest { nodes: number[]; domain: string; reason: string; rows: number; operations: string[]; threads?: string }

export interface BufferLife {
  name: string; shape: string; dtype: string; kind: string; first: number; last: number; values: string[];
}

export interface Measured { nests: { ns: number; runs: number; bytes: number }[]; buffers: number[]; calls: number; inputs: string }

export interface Compared { rows: [string, string, string][]; note: string }

export interface Figures { nodes: number[]; flops: (number | null)[]; bytes: (number | null)[]; note: string; inputs: string }

export interface About {
  pattern: string; source: string; bindings: [string, string][]; check: { state: string; kind: string; text: string };
}

export interface History { rows: { step: number; rule: string; why: string; what: string }[]; rules: string[] }

import type { GradientRow } from "./gradient";

export interface ViewMessage {
  version: number;
  kind: "graph" | "function" | "state" | "gradient";
  rows?: GradientRow[];
  title: string;
  results: boolean;
  note: string;
  styles: Record<string, [string, string, string, string]>;
  trace?: TraceMessage;
  layouts?: Record<string, LayoutMessage>;
  function?: {
    name: string; inputs: Argument[]; outputs: Argument[]; updates: Argument[];
    receipt: { stages: [string, number][]; cache: string; compiler: string };
  };
  source?: string;
  code?: { lines: number[][]; nests: Nest[]; buffers: BufferLife[] };
  /** A further view, as `compile` and `inside` answer: its name for requests, and what it is compared with. */
  view?: string;
  /** This is a part; all of it can be asked for. */
  later?: boolean;
  compared?: Compared;
  state?: { title: string; rows: StateRow[] };
}

export interface Input { id: number; output: number }

export interface Node {
  id: number; family: string; label: string; sub: string; width: number; height: number; kind: string; op: string;
  doc: string; types: string[]; names: string[]; where: string; line: string; origin: string; value: string;
  inputs: Input[];
}

export interface Output { id: number; index: number; label: string; width: number; height: number }

export interface Step { rule: string; why: string; changes: string; pass: string; before: string; after: string }

/** A request to the kernel and its answer; `listen` hears what the kernel sends unasked, and returns how to stop. */
export interface Request {
  (verb: string, fields?: Record<string, unknown>): Promise<any>;
  listen?: (heard: (news: any) => void) => () => void;
}

type Common = Omit<Node, "id" | "inputs">;

function common(face: Face, strings: string[]): Common {
  const s = (index: number): string => strings[index];
  return { family: s(face[0]), label: s(face[1]), sub: s(face[2]), width: face[3], height: face[4], kind: s(face[5]), op: s(face[6]),
    doc: s(face[7]), types: face[8].map(s), names: face[9].map(s), where: s(face[10]), line: s(face[11]), origin: s(face[12]),
    value: s(face[13]) };
}

/** All rows of a trace's nodes, in the order in which its steps bring them. */
export function nodes(trace: TraceMessage): Node[] {
  const faces = trace.faces.map((face) => common(face, trace.strings));
  const found: Node[] = [];
  const row = trace.nodes;
  let id = 0;
  for (let k = 0; k < row.length;) {
    id += row[k];
    const face = faces[row[k + 1]];
    const count = Math.abs(row[k + 2]);
    const stride = row[k + 2] < 0 ? 2 : 1;
    k += 3;
    const inputs: Input[] = [];
    for (let end = k + stride * count; k < end; k += stride) inputs.push({ id: id - row[k], output: stride === 2 ? row[k + 1] : 0 });
    found.push({ ...face, id, inputs });
  }
  return found;
}

export function outputs(rows: number[][], strings: string[]): Output[] {
  return rows.map(([id, index, label, width, height]) => ({ id, index, label: strings[label], width, height }));
}
