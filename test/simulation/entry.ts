import type { Proof } from "@kvring/coherence";
import type { ScopeId } from "@kvring/core";
import type { Value } from "./truth.ts";

/** An answer with its proof of age, as it is stored and as it travels. */
export interface Entry extends Proof {
  readonly value: Value;
}

export const scopes = {
  all: 1n,
  model: (model: number): ScopeId => 100n + BigInt(model),
  tag: (tag: number): ScopeId => 200n + BigInt(tag),
  key: (key: number): ScopeId => 300n + BigInt(key),
};
