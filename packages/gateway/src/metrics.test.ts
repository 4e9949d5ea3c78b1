import fc from "fast-check";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { outcomes } from "./cache/cache-status.ts";
import { GatewayMetrics } from "./metrics.ts";

const sources = {
  nearCache: { usedBytes: 10, capacityBytes: 20, size: 3 },
  inFlight: () => 4,
  missesInFlight: () => 2,
  leaseAgeMs: () => 0,
  gateways: () => 1,
  ringVersion: () => 5,
  linksUp: () => 6,
};

const answers = fc.array(
  fc.record({ model: fc.constantFrom("", "mnist", "burn"), outcome: fc.constantFrom(...outcomes) }),
  { maxLength: 60 },
);

/** The samples of a metric by the value of a label, as a scraper adds them up. */
function summed(text: string, metric: string, label: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [, labels = "", value = ""] of text.matchAll(
    new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, "gm"),
  )) {
    const name = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1] ?? "";
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

describe("the accounting identity", () => {
  test("holds after any answers, per model and in sum, here and in what is scraped", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        const registry = new Registry();
        const metrics = new GatewayMetrics(registry, sources);
        for (const { model, outcome } of given) metrics.answered(model, outcome, 1);
        const { requests, ...parts } = metrics.totals();
        expect(requests).toBe(given.length);
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(requests);
        const text = await registry.metrics();
        const perModel = summed(text, "kvring_gateway_requests_total", "model");
        expect(summed(text, "kvring_gateway_answers_total", "model")).toEqual(perModel);
        for (const [model, count] of perModel) {
          expect(count).toBe(given.filter((answer) => answer.model === model).length);
        }
        const perOutcome = summed(text, "kvring_gateway_answers_total", "outcome");
        for (const outcome of outcomes) {
          expect(perOutcome.get(outcome) ?? 0).toBe(parts[outcome]);
          expect(parts[outcome]).toBe(given.filter((answer) => answer.outcome === outcome).length);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("does not change by being read", async () => {
    const registry = new Registry();
    const metrics = new GatewayMetrics(registry, sources);
    metrics.answered("mnist", "hit_l1", 0.2);
    const first = await registry.metrics();
    expect(await registry.metrics()).toBe(first);
    expect(first).toContain('kvring_gateway_answers_total{model="mnist",outcome="hit_l1"} 1');
    expect(first).toContain(
      'kvring_gateway_request_seconds_bucket{le="0.00025",outcome="hit_l1"} 1',
    );
  });
});

test("what others know is read when it is asked for", async () => {
  const registry = new Registry();
  new GatewayMetrics(registry, sources);
  const text = await registry.metrics();
  for (const line of [
    "kvring_gateway_near_cache_used_bytes 10",
    "kvring_gateway_near_cache_capacity_bytes 20",
    "kvring_gateway_near_cache_entries 3",
    "kvring_gateway_in_flight 4",
    "kvring_gateway_misses_in_flight 2",
    "kvring_gateway_ring_version 5",
    "kvring_gateway_links_up 6",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});
