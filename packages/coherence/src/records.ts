import type { ScopeId } from "@kvring/core";
import type { LeaseTerms } from "./terms.ts";

/** A place within one life of the log; 0 is before the first record. */
export type Sequence = number;

/** A gateway's name and incarnation, as one token of a subject: a restarted one has another id. */
export type GatewayId = string;

/** What the control log says. */
export type LogRecord =
  /** The terms of this life of the log: the first such record counts. */
  | { readonly kind: "config"; readonly terms: LeaseTerms }
  /** Whoever held a lease in a life of the log before `epoch` holds it no more. */
  | { readonly kind: "settled"; readonly epoch: number }
  | { readonly kind: "join"; readonly gateway: GatewayId }
  /** Means something in one life of the log only: a late copy must not remove who joined again. */
  | { readonly kind: "leave"; readonly gateway: GatewayId; readonly epoch: number }
  /** A gateway asks for its lease. The nonce tells its heartbeats apart. */
  | { readonly kind: "heartbeat"; readonly gateway: GatewayId; readonly nonce: string }
  /** The gateway's last record under its heartbeats' subject: none can follow. */
  | { readonly kind: "tombstone"; readonly gateway: GatewayId }
  | Invalidation
  | Checkpoint
  /** Of a kind that this version does not know, and so need not act on. */
  | { readonly kind: "skipped" }
  /** Cannot be read, and may have been an invalidation of anything. */
  | { readonly kind: "unreadable" };

export interface Invalidation {
  readonly kind: "invalidation";
  readonly scopes: readonly ScopeId[];
  /** One append of one gateway: a repeated invalidation is another one. */
  readonly attempt: string;
  /** Who waits for the acknowledgements. */
  readonly coordinator: GatewayId;
}

/** All that the records up to `through` said and that still matters: they may be erased. */
export interface Checkpoint {
  readonly kind: "checkpoint";
  /** The life of the log that it was written in: who was a member in an earlier one has to join. */
  readonly epoch: number;
  readonly coordinator: GatewayId;
  readonly through: Sequence;
  /** What was born before counts as invalidated, whatever its scopes. */
  readonly horizon: Sequence;
  readonly scopes: readonly (readonly [ScopeId, Sequence])[];
  readonly members: readonly CheckpointMember[];
  readonly terms: LeaseTerms;
  /** The last epoch that is settled; 0: none. */
  readonly settledEpoch: number;
}

export interface CheckpointMember {
  readonly gateway: GatewayId;
  readonly joinedAt: Sequence;
  /** 0: none yet. */
  readonly heartbeatAt: Sequence;
  readonly isTombstoned: boolean;
}

/** Where a record lives in the log. Expectations are about the last record of a subject. */
export function subjectOf(record: Exclude<LogRecord, { kind: "skipped" | "unreadable" }>): string {
  switch (record.kind) {
    case "config":
    case "settled":
    case "checkpoint":
      return record.kind;
    case "invalidation":
      return "inv";
    case "join":
    case "leave":
      return `roster.${record.gateway}`;
    case "heartbeat":
    case "tombstone":
      return `hb.${record.gateway}`;
  }
}
