import type { EvictionOrder, OrderOptions } from "../policies/eviction-order.ts";
import { orderFor } from "../policies/order-for.ts";
import type { PolicyChoice } from "../store.ts";
import { AdaptiveOrder } from "./adaptive-order.ts";

/** The order of a policy that is fixed, or of one that is chosen as requests come. */
export function evictionOrderFor(
  policy: PolicyChoice,
  options: OrderOptions & { readonly unit: "entries" | "bytes" },
): EvictionOrder {
  // Its ghosts count as plain LFU does, and what they say is to be what the cache would do.
  if (policy === "adaptive") return new AdaptiveOrder({ ...options, lfuAges: false });
  return orderFor(policy, options);
}
