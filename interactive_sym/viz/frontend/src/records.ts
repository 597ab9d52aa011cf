// What the kernel sends (see model.py), and nodes as the rest of the front end uses them.

export type Row = [
  number, number, number, number, number, number, number, number, number,
  number[], number[], number, number, number, number, number[],
];

export interface StepMessage {
  rule: number; why: number; changes: number; pass: number; before: number; after: number;
  gone: number[]; set: number[]; order: number[]; outputs: number[][]; removed: number[]; added: number[];
}

export interface TraceMessage {
  nodes: Row[];
  start: { set: number[]; outputs: number[][] };
  steps: StepMessage[];
  strings: string[];
}

export interface LayoutMessage {
  width: number; height: number; ids: number[]; at: number[]; edges: number[][]; engine: string;
}

export interface Argument { name: string; type: string; default: string }

export interface StateRow {
  name: string; kind: string; type: string; shape: number[] | null; statistics: [string, string][]; sample: string;
}

export interface Nest { nodes: number[]; domain: string; reason: string; rows: number; operations: string[] }

export interface BufferLife {
  name: string; shape: string; dtype: string; kind: string; first: number; last: number; values: string[];
}

export interface Measured { nests: { ns: number; runs: number; bytes: number }[]; buffers: number[]; calls: number; inputs: string }

export interface Compared { rows: [string, string, string][]; note: string }

export interface Figures { nodes: number[]; flops: (number | null)[]; bytes: (number | null)[]; note: string; inputs: string }

export interface About {
  pattern: string; source: string; bindings: [string, string][]; check: { state: string; text: string };
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

export function node(row: Row, strings: string[]): Node {
  const s = (index: number): string => strings[index];
  const pairs: Input[] = [];
  for (let k = 0; k < row[15].length; k += 2) pairs.push({ id: row[15][k], output: row[15][k + 1] });
  return {
    id: row[0], family: s(row[1]), label: s(row[2]), sub: s(row[3]), width: row[4], height: row[5], kind: s(row[6]),
    op: s(row[7]), doc: s(row[8]), types: row[9].map(s), names: row[10].map(s), where: s(row[11]), line: s(row[12]),
    origin: s(row[13]), value: s(row[14]), inputs: pairs,
  };
}

export function outputs(rows: number[][], strings: string[]): Output[] {
  return rows.map(([id, index, label, width, height]) => ({ id, index, label: strings[label], width, height }));
}
