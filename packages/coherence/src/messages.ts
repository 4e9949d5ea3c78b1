import type { KvringError, Position } from "@kvring/core";
import type { InvalidationCall, InvalidationResult } from "./invalidations.ts";
import type { WrittenRecord } from "./record-codec.ts";
import type { GatewayId, LogRecord, Sequence } from "./records.ts";
import type { EndReason } from "./standing.ts";

/** What happens to a gateway. */
export type CoherenceEvent =
  /** The log began a life, or we began to read it. `before` is the place before its first record. */
  | { readonly kind: "epoch"; readonly epoch: number; readonly before: Sequence }
  | { readonly kind: "record"; readonly position: Position; readonly record: LogRecord }
  /** Records that we have not read were erased. */
  | { readonly kind: "overtaken" }
  /** An append ended. Each ends once, whatever becomes of the record. */
  | { readonly kind: "appended"; readonly messageId: string; readonly position: Position }
  /** The expectation failed, or the log could not be reached: then it may still get the record. */
  | {
      readonly kind: "append-failed";
      readonly messageId: string;
      readonly why: "conflict" | "unavailable";
    }
  /** Another gateway has applied the log up to there. */
  | { readonly kind: "ack"; readonly from: GatewayId; readonly position: Position }
  | InvalidateEvent
  /** Nothing but time went by. */
  | { readonly kind: "tick" }
  /** An orderly end. */
  | { readonly kind: "leave" };

export interface InvalidateEvent extends InvalidationCall {
  readonly kind: "invalidate";
  /** Of models, versions or everything: taken in also when the table is full of narrower scopes. */
  readonly isBroad: boolean;
}

/** What is to be done for it, in this order. */
export type Effect =
  | {
      readonly kind: "append";
      readonly messageId: string;
      readonly record: WrittenRecord;
      readonly expectedLast: Sequence | undefined;
    }
  /** Cumulative: of several to one gateway, in one turn of the event loop, the last is enough. */
  | { readonly kind: "ack"; readonly to: GatewayId; readonly position: Position }
  /** Records were missed: read on from there. */
  | { readonly kind: "reread"; readonly after: Position }
  /** Requests that wait for a lease can be admitted. */
  | { readonly kind: "leased" }
  | { readonly kind: "invalidated"; readonly call: number; readonly result: InvalidationResult }
  | { readonly kind: "not-invalidated"; readonly call: number; readonly error: KvringError }
  /** The log may forget its records up to there. */
  | { readonly kind: "purge"; readonly through: Position }
  /** Something that the log had is gone: it should be asked whether it is the one that it was. */
  | { readonly kind: "suspect-log"; readonly why: string }
  /** This incarnation answers nothing any more; another one may begin. */
  | { readonly kind: "ended"; readonly why: EndReason };
