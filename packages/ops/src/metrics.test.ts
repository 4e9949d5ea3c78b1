import { Counter, Histogram } from "prom-client";
import { expect, test } from "vitest";
import { createMetrics, exportMetrics, latencyBucketsSeconds, mergeMetrics } from "./metrics.ts";

test("a process tells its memory, its CPU time and how late its event loop is", async () => {
  const { text, contentType } = await createMetrics().render();
  expect(contentType).toContain("text/plain");
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
  expect(text).toMatch(/^process_cpu_seconds_total [0-9.]+$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [0-9.]+/m);
});

test("services in one process have metrics of the same names, each its own", async () => {
  const [one, other] = [createMetrics({ process: false }), createMetrics({ process: false })];
  for (const [metrics, requests] of [
    [one, 1],
    [other, 2],
  ] as const) {
    const registers = [metrics.registry];
    new Counter({ name: "kvring_requests_total", help: "Requests", registers }).inc(requests);
  }
  expect((await one.render()).text).toContain("kvring_requests_total 1");
  expect((await other.render()).text).toContain("kvring_requests_total 2");
});

test("without process metrics a registry holds only what was registered", async () => {
  expect((await createMetrics({ process: false }).render()).text.trim()).toBe("");
});

test("latency buckets rise by at most 2.5, and prom-client takes them", async () => {
  const { registry, render } = createMetrics({ process: false });
  const buckets = [...latencyBucketsSeconds];
  for (const [index, bucket] of buckets.entries()) {
    const ratio = bucket / (buckets[index - 1] ?? bucket / 2);
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThanOrEqual(2.5 + 1e-9);
  }
  const registers = [registry];
  new Histogram({ name: "kvring_hit_seconds", help: "Hits", buckets, registers }).observe(0.000_07);
  expect((await render()).text).toContain('kvring_hit_seconds_bucket{le="0.0001"} 1');
});

test("several processes' metrics are merged, each under its name, none summed up", async () => {
  const exports = await Promise.all(
    [1, 2].map(async (requests) => {
      const { registry } = createMetrics();
      const registers = [registry];
      new Counter({ name: "kvring_requests_total", help: "Requests", registers }).inc(requests);
      const buckets = [1];
      new Histogram({ name: "kvring_hit_seconds", help: "Hits", buckets, registers }).observe(0.5);
      // Between processes it is JSON.
      return JSON.parse(JSON.stringify(await exportMetrics(registry, `gateway-${requests}`)));
    }),
  );
  const { text, contentType } = await mergeMetrics(exports);
  expect(contentType).toContain("text/plain");
  for (const name of ["gateway-1", "gateway-2"]) {
    expect(text).toContain(`kvring_hit_seconds_bucket{le="1",process="${name}"} 1`);
    expect(text).toContain(`kvring_hit_seconds_count{process="${name}"} 1`);
    expect(text).toMatch(new RegExp(`^nodejs_version_info\\{.*process="${name}"\\} 1$`, "m"));
  }
  expect(text).toContain('kvring_requests_total{process="gateway-1"} 1');
  expect(text).toContain('kvring_requests_total{process="gateway-2"} 2');
  expect(text.match(/^# TYPE kvring_requests_total/gm)).toHaveLength(1);
});
