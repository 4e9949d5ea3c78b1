import { expect, test } from "vitest";
import { GatewayCore } from "./gateway-core.ts";
import { type CoherenceOptions, defaultCoherenceOptions, maxScopes } from "./options.ts";

const options = { ...defaultCoherenceOptions, id: "gw-1-0123" };

test("the defaults are right", () => {
  expect(new GatewayCore(options).standing).toEqual({ kind: "outside" });
});

test.each<[Partial<CoherenceOptions>, string]>([
  [{ id: "" }, "cannot be a gateway's id"],
  [{ id: "gw.1" }, "cannot be a gateway's id"],
  [{ terms: { waitMs: 0, drift: 0 } }, "the lease is 0 ms"],
  [{ formerWaitMs: 5 }, "the former lease is 5 ms"],
  [{ retryMs: 0 }, "retryMs is 0"],
  [{ entryTtlMs: Number.NaN }, "entryTtlMs is NaN"],
  [{ renewEveryMs: 8_000 }, "at most half the lease of 15000 ms"],
  [{ evictAfterMs: 1_999 }, "at least twice the 1000 ms between heartbeats"],
  [{ calls: 0.5 }, "calls is 0.5, and must be a whole number"],
  [{ scopes: maxScopes }, "must be at most 40000"],
])("%o are refused with what would be right", (changes, why) => {
  expect(() => new GatewayCore({ ...options, ...changes })).toThrow(why);
});
