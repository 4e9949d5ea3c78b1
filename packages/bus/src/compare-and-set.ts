import { KvringError } from "@kvring/core";
import type { Registry, RegistryEntry } from "./ports.ts";

/** Of n writers at a time one gets through per round, so this is how many may meet. */
const maxRounds = 256;

/** What a round wants: to write `value` over what it was shown, or to leave it as it is. */
export type Decision<T> =
  | { readonly kind: "write"; readonly value: Uint8Array; readonly outcome: T }
  | { readonly kind: "leave"; readonly outcome: T };

/**
 * Reads, decides and writes until nobody came in between. Throws BUS_UNAVAILABLE, and BUS_CONFLICT
 * when others win every round.
 */
export async function compareAndSet<T>(
  registry: Registry,
  key: string,
  decide: (current: RegistryEntry | undefined) => Decision<T>,
): Promise<T> {
  for (let round = 1; ; round++) {
    const current = await registry.get(key);
    const decision = decide(current);
    if (decision.kind === "leave") return decision.outcome;
    try {
      await registry.put(key, decision.value, current?.revision ?? 0);
      return decision.outcome;
    } catch (error) {
      const conflict = error instanceof KvringError && error.reason === "BUS_CONFLICT";
      if (!conflict || round === maxRounds) throw error;
    }
  }
}
