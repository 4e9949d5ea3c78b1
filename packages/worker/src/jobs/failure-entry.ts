import { encodeEntry, encodeFailure, type KvringError } from "@kvring/core";
import type { MissJob } from "@kvring/wire";

/**
 * A failure in the form of an entry, where it is to be remembered: the model itself said so of this
 * input, and will say it again, and its owner wants that kept (`negativeTtlMs`). A crash, an overload
 * or a lost input says nothing of the next attempt; and who bypasses the memory leaves there what is
 * there. Undefined: it is told to who waits, and forgotten.
 */
export function failureEntry(job: MissJob, failure: KvringError): Uint8Array | undefined {
  const { born, scopes, digest, negativeTtlMs, replyTo } = job;
  const isWanted = negativeTtlMs > 0 && replyTo === "";
  if (!isWanted || failure.reason !== "MODEL_FAILED") return undefined;
  const header = { born, scopes, digest, ttlMs: negativeTtlMs, costMs: 0, ageMs: 0 };
  return encodeEntry({ ...header, isFailure: true }, encodeFailure(failure));
}
