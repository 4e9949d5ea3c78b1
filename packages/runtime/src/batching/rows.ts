import { KvringError, type ModelSignature, type Tensor } from "@kvring/core";

/**
 * Why the rows of a model cannot even be told apart; undefined where they can: every input and
 * output has a free first dimension, which then counts the rows.
 */
export function whyRowless({ inputs, outputs }: ModelSignature): string | undefined {
  if (inputs.length === 0) return "it has no input";
  for (const { name, shape, datatype } of [...inputs, ...outputs]) {
    if (shape[0] !== -1) return `the first dimension of "${name}" is not free`;
    if (datatype === "BYTES") return `"${name}" holds strings`;
  }
  return undefined;
}

/** Rows that may travel together: of one group, as many as there are. */
export interface RowGroup {
  /** Equal where everything but the number of rows is. */
  readonly name: string;
  readonly rows: number;
}

/** Undefined for what has no rows, or not as many in one input as in another. */
export function groupOf(
  inputs: readonly Tensor[],
  outputs: readonly string[],
): RowGroup | undefined {
  const rows = inputs[0]?.shape[0] ?? 0;
  if (rows < 1 || inputs.some(({ shape }) => shape[0] !== rows)) return undefined;
  const shapes = inputs.map(({ name, shape }) => [name, ...shape.slice(1)]);
  // In one order, whatever order the caller's was.
  shapes.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return { name: JSON.stringify([shapes, outputs]), rows };
}

/** One tensor for each input, with the rows of all jobs, in their order. They are of one group. */
export function joinRows(jobs: readonly (readonly Tensor[])[]): Tensor[] {
  const [first = []] = jobs;
  return first.map((like) => {
    const parts = jobs.map((inputs) => inputNamed(inputs, like.name));
    const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    const data = Buffer.concat(parts.map((part) => part.data));
    return { ...like, shape: [rows, ...like.shape.slice(1)], data };
  });
}

/**
 * What each job gets of the outputs that all got together, as views. Throws MODEL_FAILED when an
 * output has another number of rows than went in.
 */
export function splitRows(outputs: readonly Tensor[], counts: readonly number[]): Tensor[][] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  for (const { name, shape } of outputs) {
    if (shape[0] === total) continue;
    const sentence = `output "${name}" has shape [${shape}] for ${total} rows`;
    throw new KvringError("MODEL_FAILED", sentence);
  }
  let start = 0;
  return counts.map((count) => {
    const from = start;
    start += count;
    return outputs.map((output) => {
      const rowBytes = output.data.length / total;
      const data = output.data.subarray(from * rowBytes, start * rowBytes);
      return { ...output, shape: [count, ...output.shape.slice(1)], data };
    });
  });
}

function inputNamed(inputs: readonly Tensor[], name: string): Tensor {
  const found = inputs.find((input) => input.name === name);
  if (found !== undefined) return found;
  throw new KvringError("INTERNAL", `jobs of one group do not share the input "${name}"`);
}
