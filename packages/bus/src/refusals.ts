import assert from "node:assert";
import { KvringError, type Position } from "@kvring/core";
import { courierBytes } from "./ports.ts";

/** The refusals that both implementations word alike. */

export function closedBus(): KvringError {
  return new KvringError("BUS_UNAVAILABLE", "the bus was closed");
}

export function expectationFailed(subject: string, expected: number, actual: number): KvringError {
  return new KvringError(
    "BUS_CONFLICT",
    `"${subject}" was last changed at ${actual}, not at ${expected}: read it again and decide anew`,
  );
}

export function noSuchPlace({ epoch, sequence }: Position): KvringError {
  return new KvringError(
    "BUS_CONFLICT",
    `the control log has no place ${sequence} in epoch ${epoch}: nothing is purged`,
  );
}

export function queueFull(jobs: number, bytes: number): KvringError {
  return new KvringError(
    "QUEUE_FULL",
    `the miss queue is full (${jobs} jobs or ${bytes} bytes): add workers, or send less`,
  );
}

export function logFull(bytes: number): KvringError {
  return new KvringError(
    "QUEUE_FULL",
    `the control log is full (${bytes} bytes): see why checkpoints do not shorten it, or begin a new log`,
  );
}

export function nobodyServes(address: string): KvringError {
  return new KvringError("BUS_UNAVAILABLE", `nobody serves the courier address "${address}"`);
}

export function noAnswer(address: string, timeoutMs: number): KvringError {
  return new KvringError(
    "BUS_UNAVAILABLE",
    `the courier address "${address}" did not answer within ${timeoutMs} ms`,
  );
}

/** Throws MESSAGE_TOO_LARGE. */
export function checkCourierBody(body: Uint8Array): void {
  if (body.byteLength <= courierBytes) return;
  throw new KvringError(
    "MESSAGE_TOO_LARGE",
    `a courier message has ${body.byteLength} bytes, at most ${courierBytes} are carried: send it in pieces`,
  );
}

const subjectPattern = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

export function assertSubject(subject: string): void {
  assert(subjectPattern.test(subject), `"${subject}" is not a subject of the control log`);
}

const digestPattern = /^[0-9a-f]{64}$/;

export function assertDigest(digest: string): void {
  assert(digestPattern.test(digest), `"${digest}" is not 64 lower-case hex digits`);
}
