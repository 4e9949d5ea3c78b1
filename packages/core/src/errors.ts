/** gRPC status codes by name, with their numbers on the wire. */
export const statusCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = Exclude<keyof typeof statusCodes, "OK">;

/**
 * Every reason kvring refuses or fails, with the gRPC code it travels under.
 *
 * Reasons are stable: clients switch on them (`google.rpc.ErrorInfo.reason`). Sentences may change.
 */
export const reasons = {
  BAD_CACHE_CONTROL: "INVALID_ARGUMENT",
  BAD_CONFIG: "INVALID_ARGUMENT",
  BAD_PARAMETER: "INVALID_ARGUMENT",
  BAD_TAG: "INVALID_ARGUMENT",
  BUS_CONFLICT: "ABORTED",
  BUS_UNAVAILABLE: "UNAVAILABLE",
  BYTES_MALFORMED: "INVALID_ARGUMENT",
  CANCELLED: "CANCELLED",
  DATATYPE_MISMATCH: "INVALID_ARGUMENT",
  DATATYPE_UNSUPPORTED: "UNIMPLEMENTED",
  DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
  DRAINING: "UNAVAILABLE",
  DUPLICATE_NODE: "ALREADY_EXISTS",
  ENTRY_MALFORMED: "DATA_LOSS",
  INPUT_DUPLICATE: "INVALID_ARGUMENT",
  INPUT_LOST: "UNAVAILABLE",
  INPUT_MISSING: "INVALID_ARGUMENT",
  INPUT_UNKNOWN: "INVALID_ARGUMENT",
  INTERNAL: "INTERNAL",
  LINK_LOST: "UNAVAILABLE",
  MESSAGE_MALFORMED: "INVALID_ARGUMENT",
  MESSAGE_TOO_LARGE: "RESOURCE_EXHAUSTED",
  MIXED_CONTENTS: "INVALID_ARGUMENT",
  MODEL_CRASHED: "INTERNAL",
  MODEL_EXHAUSTED: "RESOURCE_EXHAUSTED",
  MODEL_FAILED: "INTERNAL",
  MODEL_INVALID: "FAILED_PRECONDITION",
  MODEL_NOT_FOUND: "NOT_FOUND",
  MODEL_UNAVAILABLE: "UNAVAILABLE",
  MODEL_UNSUPPORTED: "UNIMPLEMENTED",
  NOT_CACHED: "NOT_FOUND",
  OUTPUT_DUPLICATE: "INVALID_ARGUMENT",
  OUTPUT_UNKNOWN: "INVALID_ARGUMENT",
  OVERLOADED: "RESOURCE_EXHAUSTED",
  POISON_JOB: "INTERNAL",
  PORT_IN_USE: "FAILED_PRECONDITION",
  PROTOCOL_VERSION: "FAILED_PRECONDITION",
  QUEUE_FULL: "RESOURCE_EXHAUSTED",
  SHAPE_MISMATCH: "INVALID_ARGUMENT",
  SIZE_MISMATCH: "INVALID_ARGUMENT",
  TOO_MANY_IN_FLIGHT: "RESOURCE_EXHAUSTED",
  TOO_MANY_WAITERS: "RESOURCE_EXHAUSTED",
  UNKNOWN_OPERATION: "UNIMPLEMENTED",
  UNSUPPORTED_PARAMETER: "UNIMPLEMENTED",
} as const satisfies Record<string, StatusCode>;

export type Reason = keyof typeof reasons;

/**
 * The one error of kvring: a gRPC code, a stable reason, a sentence that says what happened and
 * what to do, and the foreign error it came from, where there is one.
 */
export class KvringError extends Error {
  readonly reason: Reason;
  readonly code: StatusCode;
  /** When it is worth trying again, where that is known (`google.rpc.RetryInfo`). */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: Reason,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined },
  ) {
    super(message, options);
    this.name = "KvringError";
    this.reason = reason;
    this.code = reasons[reason];
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** What a caller over any wire gets; also what `fromWire` takes. */
  toJSON(): { readonly code: StatusCode; readonly reason: Reason; readonly message: string } {
    return { code: this.code, reason: this.reason, message: this.message };
  }

  /** Any thrown value as ours: unknown ones become INTERNAL, with the original as the cause. */
  static from(error: unknown): KvringError {
    if (error instanceof KvringError) return error;
    const sentence = error instanceof Error ? error.message : String(error);
    return new KvringError("INTERNAL", sentence, { cause: error });
  }

  /** An error that travelled: a reason this version does not know becomes INTERNAL. */
  static fromWire(reason: string, message: string): KvringError {
    return new KvringError(isReason(reason) ? reason : "INTERNAL", message);
  }
}

function isReason(reason: string): reason is Reason {
  return Object.hasOwn(reasons, reason);
}
