import type { Position } from "@kvring/core";

/** What a gateway or worker asks of a node. Bytes are views on the frame they came in. */
export type Operation =
  | LookupOperation
  | PutOperation
  | StageOperation
  | TokenOperation
  | FailOperation
  | CancelOperation
  | UnknownOperation;

export interface OperationHead {
  /** Unique within the session while the operation is open. */
  readonly id: number;
  readonly key: Uint8Array;
  readonly tenant: string;
}

export interface LookupOperation extends OperationHead {
  readonly kind: "lookup";
  readonly minBorn: Position;
  readonly maxAgeMs: number | undefined;
  readonly waitMs: number;
  readonly joinOnly: boolean;
  readonly minTtlMs: number;
}

export interface PutOperation extends OperationHead {
  readonly kind: "put";
  /** Empty: a copy for a replica. */
  readonly token: Uint8Array;
  readonly entry: Uint8Array;
  /** The entry's bytes, where they follow in chunks. */
  readonly bulkBytes: number;
  readonly store: boolean;
}

export interface StageOperation extends OperationHead {
  readonly kind: "stage";
  readonly token: Uint8Array;
  readonly input: Uint8Array;
  readonly bulkBytes: number;
}

export interface TokenOperation extends OperationHead {
  readonly kind: "begin" | "keep" | "release";
  readonly token: Uint8Array;
}

export interface FailOperation extends OperationHead {
  readonly kind: "fail";
  readonly token: Uint8Array;
  readonly reason: string;
  readonly message: string;
}

export interface CancelOperation extends OperationHead {
  readonly kind: "cancel";
  readonly operationId: number;
}

/** Something a later version asks; `field` is its number in `Operation`, 0 where there is none. */
export interface UnknownOperation extends OperationHead {
  readonly kind: "unknown";
  readonly field: number;
}

/** The operations of this version with their field numbers. */
export const operationFields = Object.freeze({
  lookup: 4,
  put: 5,
  stage: 6,
  begin: 7,
  keep: 8,
  fail: 9,
  release: 10,
  cancel: 11,
});
