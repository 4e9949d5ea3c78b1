import type { KvringError } from "@kvring/core";
import type { Asker } from "./flight.ts";

/** What an asker is told. `waiting` and `granted` are interim, everything else is final. */
export type Effect =
  | { readonly kind: "waiting" | "missing"; readonly asker: Asker }
  | {
      readonly kind: "granted";
      readonly asker: Asker;
      readonly token: Uint8Array;
      readonly key: string;
    }
  /** The entry is that of the put under way. */
  | { readonly kind: "found"; readonly asker: Asker; readonly waited: boolean }
  | { readonly kind: "failed" | "refused"; readonly asker: Asker; readonly error: KvringError };
