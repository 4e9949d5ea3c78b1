import { limits } from "@kvring/core";

/** What both implementations are bounded by. */
export interface BusLimits {
  /** Jobs waiting or being worked on. */
  readonly queueJobs: number;
  /** Their bodies. */
  readonly queueBytes: number;
  /** A job that nobody took in this time is dropped: who waited for it has long given up. */
  readonly jobAgeMs: number;
  /** All records of the control log. */
  readonly logBytes: number;
}

export const defaultBusLimits: BusLimits = Object.freeze({
  queueJobs: limits.queueJobs,
  queueBytes: limits.queueBytes,
  jobAgeMs: 10 * 60_000,
  logBytes: 1024 * 1024 * 1024,
});

/** How long a message id is remembered. */
export const dedupeWindowMs = 2 * 60_000;

/** How often presence is announced, and after which silence it is over. */
export const announceMs = 1_000;
export const silenceMs = 3_000;
