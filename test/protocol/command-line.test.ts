/** The command line: what it explains, what it prints, and how it ends. */
import { existsSync, realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { eventually, type Processes, startProcesses } from "@kvring/cli/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PlainClient } from "./support/plain-client.ts";
import { linesOf, type Run, runKvring, startKvring } from "./support/program.ts";

const commands = [
  "up",
  "gateway",
  "node",
  "worker",
  "infer",
  "stats",
  "ring",
  "replay",
  "plan",
  "demo",
];

/** The one JSON value on each line of stdout; a line that is none fails. */
const jsonLines = (run: Run): unknown[] => linesOf(run.stdout).map((line) => JSON.parse(line));

describe("help", () => {
  test("names every command, and how to begin", async () => {
    const { code, stdout, stderr } = await runKvring(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Examples?:\n {2}kvring /m);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(([, name]) => name);
    expect(listed).toEqual(expect.arrayContaining(commands));
  });

  test.concurrent.each(commands)("of %s has an example", async (command) => {
    const { code, stdout, stderr } = await runKvring([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: kvring ${command}`);
    expect(stdout).toMatch(new RegExp(`^Examples?:\\n(?: .*\\n)*? +kvring ${command}\\b`, "m"));
  });
});

describe("before separate processes", () => {
  let processes: Processes;
  let target: string[];

  beforeAll(async () => {
    processes = await startProcesses({
      ...{ gateways: 1, nodes: 1, workers: 1 },
      nodeFlags: ["--policy", "adaptive"],
    });
    target = ["--target", processes.gateways[0]?.addresses["grpc"] ?? ""];
  }, 60_000);

  afterAll(() => processes?.stop());

  test("infer --json prints one object per answer", async () => {
    const run = await runKvring([
      "infer",
      "mnist",
      "--random",
      "7",
      "--repeat",
      "3",
      "--json",
      ...target,
    ]);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const answers = jsonLines(run);
    expect(answers).toHaveLength(3);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        model: "mnist",
        version: "1",
        cache_status: expect.stringMatching(/^kvring; /),
        outputs: [{ name: "scores", datatype: "FP32", data: expect.any(Array) }],
      });
    }
    const statuses = answers.map((answer) => (answer as { cache_status: string }).cache_status);
    expect(statuses).toEqual([
      "kvring; fwd=miss; stored",
      expect.stringMatching(/hit; .*detail=node/),
      expect.stringMatching(/hit; .*detail=l1/),
    ]);
  });

  test("plan --json tells what an adaptive node's ghosts have seen", async () => {
    const run = await runKvring(["plan", "--json", ...target]);
    expect([run.code, run.stderr]).toEqual([0, ""]);
    expect(jsonLines(run)).toEqual([
      [
        {
          name: expect.stringMatching(/^node \S+, governed by /),
          basis: expect.stringMatching(/^from about \d+ requests, all keys$/),
          unit: "bytes",
          targets: expect.arrayContaining([
            {
              ...{ hit_ratio: 0.5, policy: expect.any(String), capacity: expect.any(Number) },
              worker_seconds_per_hour: expect.any(Number),
              more_saves_worker_seconds_per_hour: expect.any(Number),
            },
          ]),
          more: expect.objectContaining({ saved_worker_seconds_per_hour: expect.any(Number) }),
        },
      ],
    ]);
  });

  test("stats --json and ring --json print one object each", async () => {
    const [stats, ring] = await Promise.all([
      runKvring(["stats", "--json", ...target]),
      runKvring(["ring", "--json", ...target]),
    ]);
    expect([stats.code, stats.stderr, ring.code, ring.stderr]).toEqual([0, "", 0, ""]);
    expect(jsonLines(stats)).toEqual([
      expect.objectContaining({
        answers: expect.objectContaining({ requests: expect.any(Number) }),
      }),
    ]);
    expect(jsonLines(ring)).toEqual([
      expect.objectContaining({ nodes: [expect.objectContaining({ id: "node-1" })] }),
    ]);
  });

  test("ring --key tells the owners that cache_debug tells", async () => {
    const flags = ["--random", "8", "--repeat", "1", "--cache-debug", "--json"];
    const [answer] = jsonLines(await runKvring(["infer", "mnist", ...flags, ...target]));
    const { cache_debug_key: key, cache_debug_owners: owners } = answer as Record<string, string>;
    const [ring] = jsonLines(await runKvring(["ring", "--key", String(key), "--json", ...target]));
    expect(JSON.stringify(ring)).toContain(String(owners));
  });

  test.concurrent.each([
    [["infer", "nobody", "--random", "1"], /nobody/],
    [["infer", "mnist", "--input", "image=[1,2"], /--input|JSON/],
    [["ring", "--key", "12"], /--key/],
  ])("%j is an error in one line", async (args, named) => {
    const { code, stdout, stderr } = await runKvring([...args, "--json", ...target]);
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe("");
    expect(linesOf(stderr)).toEqual([expect.stringMatching(named)]);
  });

  test("each of them ends on SIGTERM with 0", async () => {
    const all = [...processes.gateways, ...processes.workers, ...processes.nodes];
    const codes = await Promise.all(all.map((server) => server.stop()));
    expect(codes).toEqual([0, 0, 0]);
  });
});

describe("up", () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kvring-command-line-"));
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("takes flags before variables before the file, says one line, and ends on SIGINT", async () => {
    const config = join(dir, "kvring.json");
    await writeFile(config, JSON.stringify({ "server-name": "file", nodes: 1, replicas: 1 }));
    const ports = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    const up = startKvring(["up", ...ports, "--config", config, "--server-name", "flag"], {
      env: { KVRING_SERVER_NAME: "variable", KVRING_NODES: "2" },
    });
    await eventually(() => (up.stdout().endsWith("\n") ? undefined : up.stderr()));
    const ready = /^kvring ready grpc=(127\.0\.0\.1:\d+) http=127\.0\.0\.1:\d+\n$/;
    const [, grpc = ""] = ready.exec(up.stdout()) ?? [];
    const client = new PlainClient(grpc);
    expect(await client.call("ServerMetadata", {})).toMatchObject({ name: "flag" });
    client.close();
    const ring = await runKvring(["ring", "--json", "--target", grpc]);
    expect(jsonLines(ring)).toMatchObject([{ replicas: 1, nodes: [{}, {}] }]);
    const { code, stdout } = await up.end("SIGINT");
    expect(code).toBe(0);
    expect(stdout).toMatch(ready);
  });
});

test("demo --json prints one object, and what it remembered was right", async () => {
  const run = await runKvring(["demo", "--requests", "500", "--json"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const [summary, ...more] = jsonLines(run) as Record<string, unknown>[];
  expect(more).toEqual([]);
  expect(summary).toMatchObject({ requests: 500, identical: true });
  const numbers = [
    ...["hit_ratio", "computations", "accuracy", "hit_p50_ms", "hit_p99_ms"],
    ...["miss_p50_ms", "miss_p99_ms", "used_bytes", "capacity_bytes"],
  ];
  for (const name of numbers) expect(summary?.[name], name).toBeTypeOf("number");
  const of = (name: string): number => Number(summary?.[name]);
  expect(of("accuracy")).toBeGreaterThanOrEqual(0.95);
  expect(of("hit_ratio")).toBeGreaterThan(0);
  expect(of("computations")).toBeLessThan(500);
  expect(of("used_bytes")).toBeGreaterThan(0);
  expect(of("used_bytes")).toBeLessThanOrEqual(of("capacity_bytes"));
});

describe("the bin", () => {
  const script = join(import.meta.dirname, "../../packages/cli/bin/kvring.mjs");

  /** Each Node on the PATH that npm did not put there; this one where there is no other. */
  function nodes(): string[] {
    const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/bin", "/usr/bin"];
    const found = places
      .filter((place) => place !== "" && !place.includes("node_modules"))
      .map((place) => join(place, "node"))
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path));
    return found.length > 0 ? [...new Set(found)] : [process.execPath];
  }

  test.concurrent.each(nodes())("runs under %s, and tells errors on", async (node) => {
    const version = await runKvring(["--version"], { node, script });
    expect(version).toMatchObject({ code: 0, stderr: "" });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const error = await runKvring(["dance"], { node, script });
    expect(error.code).toBeGreaterThan(0);
    expect(error).toMatchObject({ stdout: "", stderr: expect.stringContaining("dance") });
  });
});
