import { decodeFailure, Entry, KvringError, reasons } from "@kvring/core";
import { decodeMissJob } from "@kvring/wire";
import { expect, test } from "vitest";
import { failureEntry } from "./failure-entry.ts";

const born = { epoch: 3, sequence: 9 };
const digest = "ab".repeat(32);
const job = {
  ...decodeMissJob(new Uint8Array()),
  born,
  digest,
  scopes: [5n],
  negativeTtlMs: 3_000,
};

test("what the model said of the input is remembered for as long as its owner wants", () => {
  const entry = new Entry(
    failureEntry(job, new KvringError("MODEL_FAILED", "no row 9")) ?? new Uint8Array(),
  );
  expect(entry.header).toEqual({
    ...{ born, digest, ageMs: 0, ttlMs: 3_000, costMs: 0, scopes: [5n], isFailure: true },
  });
  expect(decodeFailure(entry.body)).toMatchObject({ reason: "MODEL_FAILED", message: "no row 9" });
});

test("nothing else is, and nothing by default", () => {
  for (const reason of Object.keys(reasons)) {
    const failure = new KvringError(reason as keyof typeof reasons, "no");
    expect(failureEntry(job, failure) !== undefined, reason).toBe(reason === "MODEL_FAILED");
    expect(failureEntry({ ...job, negativeTtlMs: 0 }, failure)).toBeUndefined();
    expect(failureEntry({ ...job, replyTo: "direct.gw-1" }, failure)).toBeUndefined();
  }
});
