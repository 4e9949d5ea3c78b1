import { KvringError } from "./errors.ts";
import { limits } from "./limits.ts";

/** For those who wait for a computation that workers begin and do not end. */
export function poisonJob(): KvringError {
  return new KvringError(
    "POISON_JOB",
    `${limits.attemptsPerJob} workers began to compute this request and died of it, or gave it up: it is not tried again; look for what in its input kills the model`,
  );
}
