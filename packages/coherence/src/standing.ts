import type { Sequence } from "./records.ts";

/** What a gateway is to the others, as far as it has read. */
export type Standing =
  /** No log seen yet. */
  | { readonly kind: "outside" }
  /**
   * Its roster record is not in the log yet; that it once left in another life may be, at
   * `rosterAt`, 0 if not. Undefined: it was there, and may have been erased since.
   */
  | { readonly kind: "joining"; readonly rosterAt: Sequence | undefined }
  | { readonly kind: "member" }
  /** It has given up its lease, and is about to be out of the roster. */
  | { readonly kind: "leaving" }
  /** This incarnation answers nothing any more. */
  | { readonly kind: "ended"; readonly why: EndReason };

export type EndReason =
  | "left"
  /** Others took it for dead. */
  | "evicted"
  /** A heartbeat of ours that the log had is gone, and nothing says why. */
  | "heartbeat-lost"
  /** Records were erased before we had read them. */
  | "overtaken";
