import { expect, test } from "vitest";
import { type CacheStatus, formatCacheStatus } from "./cache-status.ts";

const statuses: readonly (readonly [string, CacheStatus])[] = [
  ["kvring; hit; ttl=57; detail=l1", { kind: "hit", detail: "l1", ttlMs: 57_999 }],
  ["kvring; hit; ttl=0; detail=node", { kind: "hit", detail: "node", ttlMs: 999 }],
  ["kvring; fwd=miss; stored", { kind: "miss", collapsed: false, stored: true }],
  ["kvring; fwd=miss", { kind: "miss", collapsed: false, stored: false }],
  // Of who joined, RFC 9211 tells that it did; whether the other's answer was kept is not its own.
  ["kvring; fwd=miss; collapsed", { kind: "miss", collapsed: true, stored: true }],
  ["kvring; fwd=miss; collapsed", { kind: "miss", collapsed: true, stored: false }],
  ["kvring; fwd=miss; detail=no-node", { kind: "uncached" }],
  ["kvring; fwd=bypass", { kind: "bypass", stored: false }],
  ["kvring; fwd=bypass; stored", { kind: "bypass", stored: true }],
];

test.each(statuses)("cache_status says %j", (text, status) => {
  expect(formatCacheStatus(status)).toBe(text);
});
