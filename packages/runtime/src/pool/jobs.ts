import { checkBytes, KvringError, limits, shapeFits, type Tensor } from "@kvring/core";
import type { Computation, ModelArtifact } from "../api.ts";
import { label } from "./catalog.ts";
import type { Task } from "./slot.ts";

const maxWaiting = 4096;

interface Job {
  readonly model: ModelArtifact;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly sizeBytes: number;
  readonly done: PromiseWithResolvers<Computation>;
}

/** Jobs for which no child was free yet, first come, first served. */
export class Jobs {
  #waiting: Job[] = [];
  #waitingBytes = 0;
  /** Why nothing runs any more. */
  #closed: KvringError | undefined;

  get size(): number {
    return this.#waiting.length;
  }

  /** Throws TOO_MANY_IN_FLIGHT, or that it was closed. */
  async add(
    model: ModelArtifact,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    wake: () => void,
  ): Promise<Computation> {
    if (this.#closed !== undefined) throw this.#closed;
    const sizeBytes = inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const full = this.#waitingBytes + sizeBytes > limits.queueBytes;
    if (this.#waiting.length >= maxWaiting || (full && this.#waiting.length > 0)) {
      throw new KvringError(
        "TOO_MANY_IN_FLIGHT",
        `${this.#waiting.length} computations of ${this.#waitingBytes} bytes wait for a process already: give the worker more processes, or send it less`,
      );
    }
    const done = Promise.withResolvers<Computation>();
    this.#waiting.push({ model, inputs, outputs, sizeBytes, done });
    this.#waitingBytes += sizeBytes;
    wake();
    return await done.promise;
  }

  /** The next job for a child that holds these models. */
  next(held: ReadonlySet<string>): Task | undefined {
    const index = this.#waiting.findIndex(({ model }) => held.has(model.digest));
    const job = this.#waiting[index];
    if (job === undefined) return undefined;
    this.#waiting.splice(index, 1);
    this.#waitingBytes -= job.sizeBytes;
    return this.#task(job);
  }

  /** Rejects those waiting jobs for whose model `fault` has one. */
  purge(fault: (digest: string) => KvringError | undefined): void {
    this.#waiting = this.#waiting.filter(({ model, sizeBytes, done }) => {
      const error = fault(model.digest);
      if (error === undefined) return true;
      this.#waitingBytes -= sizeBytes;
      done.reject(error);
      return false;
    });
  }

  /** Rejects all that wait, and what is still running when its child is gone. */
  close(error: KvringError): void {
    this.#closed = error;
    this.purge(() => error);
  }

  #task({ model, inputs, outputs, done }: Job): Task {
    return {
      request: { kind: "run", digest: model.digest, inputs, outputs },
      settle(reply) {
        if (reply.kind === "failed") done.reject(reply.error);
        if (reply.kind !== "ran") return;
        const { outputs, computeMs } = reply;
        done.resolve({ outputs, computeMs });
      },
      crashed: (why) => {
        const sentence = `${label(model)}: the process that ran it ${why}`;
        done.reject(this.#closed ?? new KvringError("MODEL_CRASHED", sentence));
      },
    };
  }
}

/**
 * Throws unless a job is one that ONNX Runtime may be given. It silently ignores inputs that the
 * model does not have, takes any shape for a scalar, and cuts strings at NUL: two jobs would get one
 * answer.
 */
export function checkJob(
  { signature }: ModelArtifact,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): void {
  for (const input of inputs) {
    const declared = signature.inputs.find(({ name }) => name === input.name);
    if (declared === undefined) {
      throw new KvringError("INPUT_UNKNOWN", `the model has no input "${input.name}"`);
    }
    if (declared.datatype !== input.datatype) {
      throw new KvringError(
        "DATATYPE_MISMATCH",
        `input "${input.name}" is ${input.datatype}, the model takes ${declared.datatype}`,
      );
    }
    if (!shapeFits(input.shape, declared.shape)) {
      throw new KvringError(
        "SHAPE_MISMATCH",
        `input "${input.name}" has shape [${input.shape}], the model takes [${declared.shape}]`,
      );
    }
    checkBytes(input);
  }
  for (const { name } of signature.inputs) {
    if (inputs.some((input) => input.name === name)) continue;
    throw new KvringError("INPUT_MISSING", `input "${name}" is missing`);
  }
  for (const output of outputs) {
    if (signature.outputs.some(({ name }) => name === output)) continue;
    throw new KvringError("OUTPUT_UNKNOWN", `the model has no output "${output}"`);
  }
}
