import { KvringError, type ModelSignature, type Tensor } from "@kvring/core";
import type { BatchingConfig, Computation } from "../api.ts";
import { generatedRow, type Recipe, recipes } from "./generated-rows.ts";
import { joinRows, splitRows, whyRowless } from "./rows.ts";

/** What a model that may be batched may be batched to, or why it may not. */
export type BatchVerdict =
  | { readonly kind: "rows"; readonly sizes: ReadonlyMap<number, number> }
  | { readonly kind: "refused"; readonly why: string };

type Run = (inputs: readonly Tensor[], outputs: readonly string[]) => Promise<Computation>;

/** What the check may compute, in milliseconds: sizes it does not get to are not used. */
const budgetMs = 1_000;
const inputBytes = 16 * 1024 * 1024;

/**
 * Whether rows answer the same alone and in company: each of the sizes that it finds fit was run
 * on generated rows, and gave every one of them the bits that it gets alone. Sizes come with what
 * they took, in milliseconds.
 *
 * With a tolerance, floating-point outputs may differ by that much of their size (or of 1).
 */
export async function checkRows(
  signature: ModelSignature,
  hazards: readonly string[],
  { maxSize, tolerance }: BatchingConfig,
  run: Run,
): Promise<BatchVerdict> {
  const rowless = whyRowless(signature);
  if (rowless !== undefined) return refused(rowless);
  if (hazards.length > 0) return refused(`its rows share what ${hazards.join(", ")} finds`);
  const names = signature.outputs.map(({ name }) => name);
  try {
    const alone = await RowsAlone.find(signature, (inputs) => run(inputs, names));
    await alone.upTo(2);
    if (!(await alone.isRepeatable())) return refused("it does not answer the same twice");
    if (alone.areAlike()) return refused("it answers all generated rows alike");
    return await trial(alone, maxSize, tolerance, (inputs) => run(inputs, names));
  } catch (error) {
    return refused(`it could not be tried: ${KvringError.from(error).message}`);
  }
}

async function trial(
  alone: RowsAlone,
  maxSize: number,
  tolerance: number,
  run: (inputs: readonly Tensor[]) => Promise<Computation>,
): Promise<BatchVerdict> {
  const sizes = new Map([[1, alone.meanMs]]);
  let worst = 0;
  for (const size of inOrder(maxSize)) {
    if (alone.spentMs > budgetMs || size * alone.rowBytes > inputBytes) break;
    await alone.upTo(size);
    const { outputs, computeMs } = await run(joinRows(alone.inputs.slice(0, size)));
    alone.spentMs += computeMs;
    const parts = splitRows(outputs, Array(size).fill(1));
    const differences = parts.map((part, row) => difference(part, alone.outputs[row] ?? []));
    const most = Math.max(...differences);
    if (most <= tolerance) sizes.set(size, computeMs);
    else worst = Math.max(worst, most);
    // Where neither two nor four rows keep to themselves, no number of them will.
    if (size >= 4 && sizes.size === 1) break;
  }
  if (sizes.size > 1) return { kind: "rows", sizes };
  if (worst === 0) return refused("one row already takes all the time that the check has");
  return refused(`its rows answer otherwise in company, by up to ${worst.toPrecision(2)}`);
}

/** Powers of two first: where time runs out, they are what is there. */
function inOrder(maxSize: number): number[] {
  const powers: number[] = [];
  for (let size = 2; size <= maxSize; size *= 2) powers.push(size);
  if (!powers.includes(maxSize) && maxSize > 1) powers.push(maxSize);
  const rest = Array.from({ length: Math.max(0, maxSize - 1) }, (_, index) => index + 2);
  return [...powers, ...rest.filter((size) => !powers.includes(size))];
}

/** Generated rows with what each gets when it comes alone. */
class RowsAlone {
  readonly inputs: Tensor[][] = [];
  readonly outputs: (readonly Tensor[])[] = [];
  spentMs = 0;
  readonly #signature: ModelSignature;
  readonly #recipe: Recipe;
  readonly #run: (inputs: readonly Tensor[]) => Promise<Computation>;

  private constructor(
    signature: ModelSignature,
    recipe: Recipe,
    run: (inputs: readonly Tensor[]) => Promise<Computation>,
  ) {
    this.#signature = signature;
    this.#recipe = recipe;
    this.#run = run;
  }

  /** With the first recipe that the model takes; throws what it said to the last. */
  static async find(
    signature: ModelSignature,
    run: (inputs: readonly Tensor[]) => Promise<Computation>,
  ): Promise<RowsAlone> {
    let refusal: unknown;
    for (const recipe of recipes) {
      const rows = new RowsAlone(signature, recipe, run);
      try {
        await rows.upTo(1);
        return rows;
      } catch (error) {
        if (KvringError.from(error).reason !== "MODEL_FAILED") throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  get rowBytes(): number {
    return (this.inputs[0] ?? []).reduce((sum, { data }) => sum + data.length, 0);
  }

  get meanMs(): number {
    return this.spentMs / Math.max(1, this.outputs.length);
  }

  async upTo(count: number): Promise<void> {
    while (this.outputs.length < count) {
      const row = generatedRow(this.#signature, this.outputs.length, this.#recipe);
      const { outputs, computeMs } = await this.#run(row);
      this.spentMs += computeMs;
      this.inputs.push(row);
      this.outputs.push(outputs);
    }
  }

  async isRepeatable(): Promise<boolean> {
    const { outputs } = await this.#run(this.inputs[0] ?? []);
    return difference(outputs, this.outputs[0] ?? []) === 0;
  }

  /** Then nothing can be learned from them. */
  areAlike(): boolean {
    return difference(this.outputs[0] ?? [], this.outputs[1] ?? []) === 0;
  }
}

type Floats = Float32Array | Float64Array;

/** Undefined for what is no floating-point type, or none that JavaScript computes with. */
function floatsOf({ datatype, data }: Tensor): Floats | undefined {
  // Copied: a view into a frame need not begin where an array of floats may.
  if (datatype === "FP32") return new Float32Array(new Uint8Array(data).buffer);
  if (datatype === "FP64") return new Float64Array(new Uint8Array(data).buffer);
  return undefined;
}

/** 0 for the same bits; for floats the largest relative difference, for anything else Infinity. */
function difference(a: readonly Tensor[], b: readonly Tensor[]): number {
  const each = a.map((tensor, index) => {
    const other = b[index];
    if (other === undefined || String(tensor.shape) !== String(other.shape)) return Infinity;
    if (Buffer.compare(tensor.data, other.data) === 0) return 0;
    const values = floatsOf(tensor);
    const others = floatsOf(other);
    if (values === undefined || others === undefined) return Infinity;
    return furthest(values, others);
  });
  return Math.max(0, ...each);
}

function furthest(a: Floats, b: Floats): number {
  let most = 0;
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? Number.NaN;
    // NaN beside a number is no rounding.
    const apart = Math.abs(value - other) / Math.max(1, Math.abs(value));
    most = Math.max(most, Number.isNaN(apart) ? Infinity : apart);
  }
  // −0 beside 0 is no distance, and yet not the same bits.
  return most === 0 ? Number.MIN_VALUE : most;
}

function refused(why: string): BatchVerdict {
  return { kind: "refused", why };
}
