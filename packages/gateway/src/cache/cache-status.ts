/** How a request was answered; the names are those of the accounting identity. */
export type Outcome = "hit_l1" | "hit_node" | "coalesced" | "miss" | "stale" | "bypass" | "error";

export const outcomes: readonly Outcome[] = [
  "hit_l1",
  "hit_node",
  "coalesced",
  "miss",
  "stale",
  "bypass",
  "error",
];

/** What the `cache_status` of an answer tells, in the form of RFC 9211. */
export type CacheStatus =
  | { readonly kind: "hit"; readonly detail: "l1" | "node"; readonly ttlMs: number }
  | { readonly kind: "miss"; readonly collapsed: boolean; readonly stored: boolean }
  /** Current when the lease began, `byMs` ago; nobody knows about now. */
  | { readonly kind: "stale"; readonly byMs: number }
  | { readonly kind: "uncached" }
  /** `stored`: computed for this request although an answer was there, and remembered for others. */
  | { readonly kind: "bypass"; readonly stored: boolean };

export function formatCacheStatus(status: CacheStatus): string {
  switch (status.kind) {
    case "hit":
      return `kvring; hit; ttl=${Math.floor(status.ttlMs / 1000)}; detail=${status.detail}`;
    case "miss": {
      const stored = status.stored && !status.collapsed ? "; stored" : "";
      return `kvring; fwd=miss${status.collapsed ? "; collapsed" : ""}${stored}`;
    }
    case "stale":
      return `kvring; hit; ttl=-${Math.ceil(status.byMs / 1000)}; detail=stale`;
    case "uncached":
      // No node could be asked: computed for this request alone, and remembered by nobody.
      return "kvring; fwd=miss; detail=no-node";
    case "bypass":
      return status.stored ? "kvring; fwd=bypass; stored" : "kvring; fwd=bypass";
  }
}
