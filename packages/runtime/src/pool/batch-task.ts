import { type Clock, KvringError } from "@kvring/core";
import type { Batcher } from "../batching/batcher.ts";
import { joinRows, splitRows } from "../batching/rows.ts";
import type { Reply } from "../child/messages.ts";
import { label } from "./catalog.ts";
import type { Job } from "./lane.ts";
import type { Task } from "./slot.ts";

interface BatchParts {
  /** Learns what it took; undefined for a model that is not batched. */
  readonly batcher: Batcher | undefined;
  readonly clock: Clock;
  /** Why nothing runs any more. */
  closed(): KvringError | undefined;
  /** Each is to be run alone. */
  retry(jobs: readonly Job[]): void;
}

/**
 * Jobs, one at least, as one task of a process. What fails in company is tried alone, so that a bad
 * row, or one that kills the process, fails nobody but itself.
 */
export function batchTask(jobs: readonly Job[], parts: BatchParts): Task {
  const [first, ...others] = jobs;
  if (first === undefined) throw new KvringError("INTERNAL", "a batch of nothing");
  return others.length === 0 ? single(first, parts) : several(jobs, first, parts);
}

function single(job: Job, { batcher, clock, closed }: BatchParts): Task {
  const { model, inputs, outputs, done, group } = job;
  const beganMs = clock.nowMs();
  return {
    request: { kind: "run", digest: model.digest, inputs, outputs },
    settle(reply) {
      if (reply.kind === "failed") done.reject(reply.error);
      if (reply.kind !== "ran") return;
      const nowMs = clock.nowMs();
      if (group !== undefined) batcher?.ran(group.rows, nowMs - beganMs, nowMs);
      done.resolve({ outputs: reply.outputs, computeMs: reply.computeMs, batchRows: 1 });
    },
    crashed: (why) => {
      const sentence = `${label(model)}: the process that ran it ${why}`;
      done.reject(closed() ?? new KvringError("MODEL_CRASHED", sentence));
    },
  };
}

function several(jobs: readonly Job[], first: Job, parts: BatchParts): Task {
  const { batcher, clock } = parts;
  const counts = jobs.map(({ group }) => group?.rows ?? 1);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const inputs = joinRows(jobs.map((job) => job.inputs));
  const beganMs = clock.nowMs();
  const again = (): void => {
    suspect(jobs, rows, batcher);
    parts.retry(jobs);
  };
  return {
    request: { kind: "run", digest: first.model.digest, inputs, outputs: first.outputs },
    settle(reply) {
      const answers = reply.kind === "ran" ? split(reply, counts) : undefined;
      if (reply.kind !== "ran" || answers === undefined) return again();
      const nowMs = clock.nowMs();
      batcher?.ran(rows, nowMs - beganMs, nowMs);
      for (const [index, { done }] of jobs.entries()) {
        const computeMs = (reply.computeMs * (counts[index] ?? 1)) / rows;
        done.resolve({ outputs: answers[index] ?? [], computeMs, batchRows: rows });
      }
    },
    crashed: again,
  };
}

function split(reply: Extract<Reply, { kind: "ran" }>, counts: readonly number[]) {
  try {
    return splitRows(reply.outputs, counts);
  } catch {
    return undefined;
  }
}

/** Where none of them fails alone, it was their number: so many are not tried together again. */
function suspect(jobs: readonly Job[], rows: number, batcher: Batcher | undefined): void {
  void Promise.allSettled(jobs.map(({ done }) => done.promise)).then((ends) => {
    if (ends.every(({ status }) => status === "fulfilled")) batcher?.exclude(rows);
  });
}
