import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInProcessBus } from "@kvring/bus";
import { KvringClient } from "@kvring/client";
import { defaultCoherenceOptions } from "@kvring/coherence";
import { systemClock } from "@kvring/core";
import { defaultGatewayOptions } from "@kvring/gateway";
import { loadDigits, shippedRepository, writeFixtureRepository } from "@kvring/models";
import { createLog } from "@kvring/ops";
import { defaultWorkerOptions } from "@kvring/worker";
import cliProgress from "cli-progress";
import { Command } from "commander";
import { z } from "zod";
import { type EmbeddedCluster, startEmbedded } from "../cluster/embedded.ts";
import { declare, resolve } from "../config/settings.ts";
import { common, node } from "../config/tables.ts";
import { bytes, count, flag } from "../config/values.ts";
import { runBurn } from "../demo/burn-run.ts";
import { runDigits } from "../demo/digits-run.ts";
import { type DemoResult, summaryJson, summaryText } from "../demo/summary.ts";
import { print, printJson } from "../report/output.ts";

const settings = {
  requests: {
    name: "requests",
    value: count(1, 10_000_000),
    fallback: 20_000,
    shows: "n",
    help: "digits to ask about",
  },
  seed: {
    name: "seed",
    value: count(0, 2 ** 31),
    fallback: 1,
    shows: "n",
    help: "which digits are popular, and in which order they come",
  },
  capacity: { ...node.capacity, value: bytes, fallback: "64MiB" },
  policy: node.policy,
  lfuAgeing: node.lfuAgeing,
  json: { name: "json", value: flag, fallback: false, help: "print one JSON object" },
  logLevel: {
    ...common.logLevel,
    value: z.enum(["debug", "info", "warn", "error"], "debug, info, warn or error"),
    fallback: "warn",
  },
} as const;

const demoNodes = 3;

export function demoCommand(): Command {
  const command = new Command("demo")
    .description("Stream real digits through a whole cluster, and show what it remembered.")
    .addHelpText(
      "after",
      `
Examples:
  kvring demo
  kvring demo --requests 100000 --policy lfu --capacity 1MiB
  npm run --silent demo -- --json`,
    );
  declare(command, settings);
  return command.action(async () => {
    const values = resolve(command, settings);
    const models = await mkdtemp(join(tmpdir(), "kvring-demo-"));
    const bus = createInProcessBus({ clock: systemClock });
    try {
      await cp(shippedRepository, models, { recursive: true });
      await writeFixtureRepository(models, ["burn"]);
      const cluster = await startEmbedded({
        bus,
        clock: systemClock,
        log: createLog({ level: values.logLevel, pretty: process.stderr.isTTY }),
        gateway: {
          ...defaultGatewayOptions,
          listen: "127.0.0.1:0",
          coherence: { ...defaultCoherenceOptions, isLogOurs: true },
        },
        node: { capacityBytes: values.capacity, policy: values.policy, lfuAges: values.lfuAgeing },
        nodes: demoNodes,
        worker: { ...defaultWorkerOptions, models },
        http: "127.0.0.1:0",
      });
      try {
        await cluster.ready(60_000);
        await run(cluster, values);
      } finally {
        await cluster.drain();
      }
    } finally {
      await bus.close();
      await rm(models, { recursive: true, force: true });
    }
  });
}

async function run(
  cluster: EmbeddedCluster,
  values: { readonly requests: number; readonly seed: number; readonly json: boolean },
): Promise<void> {
  const client = new KvringClient(cluster.grpcAddress);
  const bar = progressBar(values.requests);
  try {
    const digits = loadDigits().test;
    const startMs = performance.now();
    const digitsRun = await runDigits({
      client,
      digits,
      requests: values.requests,
      seed: values.seed,
      onProgress: (done) => bar.update(done),
    });
    const seconds = (performance.now() - startMs) / 1000;
    bar.stop();
    const { computations, inferenceMs } = await computed(cluster, "mnist");
    await digitsRun.recheck();
    const stats = cluster.nodes.map((running) => running.stats());
    const result: DemoResult = {
      digits: digitsRun,
      burn: await runBurn(client, values.seed),
      computations,
      seconds,
      usedBytes: stats.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      capacityBytes: stats.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
    };
    if (values.json) printJson(summaryJson(result));
    else print(summaryText(result, inferenceMs));
  } finally {
    bar.stop();
    client.close();
  }
}

/** What the worker itself counted and measured, by its Prometheus metrics. */
async function computed(
  cluster: EmbeddedCluster,
  model: string,
): Promise<{ readonly computations: number; readonly inferenceMs: number }> {
  const metric = await cluster.metrics.registry
    .getSingleMetric("kvring_worker_inference_seconds")
    ?.get();
  const value = (suffix: string): number =>
    metric?.values.find(
      (sample) =>
        "metricName" in sample &&
        sample.metricName === `kvring_worker_inference_seconds_${suffix}` &&
        sample.labels["model"] === model,
    )?.value ?? 0;
  const computations = value("count");
  return { computations, inferenceMs: (value("sum") / Math.max(1, computations)) * 1000 };
}

/** On a terminal only: a log file has no use for a moving bar. */
function progressBar(total: number): { update(done: number): void; stop(): void } {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new cliProgress.SingleBar(
    { format: "  {bar} {value}/{total} requests, {eta_formatted} left", stream: process.stderr },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return bar;
}
