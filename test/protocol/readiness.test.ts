/** The HTTP port, and a process that starts before what it needs is there. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NatsServer, startNatsServer } from "@kvring/bus/testing";
import { eventually } from "@kvring/cli/testing";
import { writeFixtureRepository } from "@kvring/models";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectBalance } from "./support/accounting.ts";
import { type Cluster, startCluster } from "./support/cluster.ts";
import { cacheStatus, PlainClient, stored } from "./support/plain-client.ts";
import { type Background, startKvring } from "./support/program.ts";
import { refusalOf } from "./support/refusal.ts";
import { freshRequest, rawRequest } from "./support/requests.ts";

const get = async (http: string, path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://${http}${path}`);
  return { status: response.status, text: await response.text() };
};

describe("the HTTP port of a cluster that serves", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(["sum-difference"]);
  }, 60_000);

  afterAll(() => cluster?.stop());

  test.each(["/livez", "/readyz"])("%s is 200", async (path) => {
    expect(await get(cluster.http, path)).toMatchObject({ status: 200 });
  });

  test("/metrics is what Prometheus reads", async () => {
    const request = freshRequest();
    for (let round = 0; round < 3; round += 1) await cluster.client.infer(request);
    const response = await fetch(`http://${cluster.http}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; *version=0\.0\.4/);
    const lines = (await response.text()).split("\n");
    const notComments = lines.filter((line) => line !== "" && !line.startsWith("#"));
    expect(notComments.length).toBeGreaterThan(50);
    for (const line of notComments) {
      expect(line).toMatch(/^[a-z_]\w*(\{(\w+="([^"\\\n]|\\.)*",?)*\})? (NaN|[+-]?Inf|[-+.\de]+)$/);
    }
    await expectBalance(cluster.http);
  });

  test("counts and histograms of what exists are there", async () => {
    const { text } = await get(cluster.http, "/metrics");
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1], m[2]]));
    expect(Object.fromEntries(types)).toMatchObject({
      kvring_gateway_requests_total: "counter",
      kvring_gateway_answers_total: "counter",
      kvring_gateway_request_seconds: "histogram",
      kvring_worker_inference_seconds: "histogram",
      kvring_worker_computations_total: "counter",
      kvring_node_used_bytes: "gauge",
      kvring_node_capacity_bytes: "gauge",
    });
  });

  test("what is not there is 404, and nothing can be changed", async () => {
    expect(await get(cluster.http, "/nothing")).toMatchObject({ status: 404 });
    expect(await get(cluster.http, "/metrics/../../etc/passwd")).toMatchObject({ status: 404 });
    const posted = await fetch(`http://${cluster.http}/livez`, { method: "POST", body: "x" });
    expect([404, 405]).toContain(posted.status);
  });
});

describe("without NATS at first", () => {
  let nats: NatsServer;
  let gateway: Background;
  let models: string;
  const started: Background[] = [];
  let grpc: string;
  let http: string;

  const start = (...args: string[]): Background => {
    const background = startKvring([...args, "--nats", nats.url]);
    started.push(background);
    return background;
  };

  beforeAll(async () => {
    models = await mkdtemp(join(tmpdir(), "kvring-readiness-"));
    await writeFixtureRepository(models, ["sum-difference"]);
    nats = await startNatsServer();
    await nats.halt();
    [grpc, http] = await Promise.all([freeAddress(), freeAddress()]);
    gateway = start("gateway", "--listen", grpc, "--http", http);
    await listens(http);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(started.map((background) => background.end()));
    await nats?.stop();
    await rm(models, { recursive: true, force: true });
  });

  test("a gateway lives, is not ready, and says why", async () => {
    expect(await get(http, "/livez")).toMatchObject({ status: 200 });
    const { status, text } = await get(http, "/readyz");
    expect(status).toBe(503);
    expect(text).toMatch(/NATS/i);
    await eventually(() =>
      gateway.stderr().includes(nats.url.replace("nats://", ""))
        ? undefined
        : `the log does not name ${nats.url}: ${gateway.stderr()}`,
    );
    expect(gateway.stderr()).toMatch(/NATS/i);
    expect(gateway.stderr()).toMatch(/not ready yet: .*NATS/);
    expect(gateway.stdout()).toBe("");
  });

  test("it refuses requests with a reason instead of leaving them waiting", async () => {
    const client = new PlainClient(grpc);
    expect(await client.call("ServerLive", {})).toEqual({ live: true });
    expect(await client.call("ServerReady", {})).toEqual({ ready: false });
    const refusal = await refusalOf(client.infer(freshRequest()));
    expect(["UNAVAILABLE", "NOT_FOUND"]).toContain(refusal.code);
    expect(refusal.reason).not.toBe("");
    client.close();
  });

  test("node, worker and gateway serve when it is there, without a restart", async () => {
    const workerHttp = await freeAddress();
    const node = start("node", "--id", "late", "--listen", "127.0.0.1:0");
    const worker = start("worker", "--models", models, "--http", workerHttp);
    await listens(workerHttp);
    expect(await get(workerHttp, "/readyz")).toMatchObject({ status: 503 });
    expect([gateway, node, worker].map((background) => background.stdout())).toEqual(["", "", ""]);
    await nats.resume();
    await eventually(async () => {
      const { status, text } = await get(http, "/readyz");
      return status === 200 ? undefined : text;
    });
    const client = new PlainClient(grpc);
    await eventually(async () => {
      const status = cacheStatus(await client.infer(freshRequest()));
      return status === stored ? undefined : status;
    });
    client.close();
    for (const background of [gateway, node, worker]) {
      await eventually(() => (background.stdout() === "" ? "it does not say ready" : undefined));
      expect(background.stdout()).toMatch(/^kvring ready (grpc=\S+ )?http=\S+\n$/);
    }
  });
});

describe("without a model that can be served", () => {
  let models: string;
  let http: string;
  let background: Background;

  beforeEach(async () => {
    models = await mkdtemp(join(tmpdir(), "kvring-readiness-"));
    http = await freeAddress();
  });

  afterEach(async () => {
    await background?.end();
    await rm(models, { recursive: true, force: true });
  });

  test("it is alive, and not ready for want of one", async () => {
    await writeFixtureRepository(models, ["int4-output", "bfloat16-input"]);
    const grpc = await freeAddress();
    background = startKvring(["up", "--listen", grpc, "--http", http, "--models", models]);
    await eventually(() =>
      get(http, "/readyz").then(
        ({ status, text }) =>
          /"model","ok":false|no model/i.test(text) ? undefined : `${status}: ${text}`,
        () => `not listening: ${background.stderr()}`,
      ),
    );
    expect(await get(http, "/readyz")).toMatchObject({ status: 503 });
    expect(await get(http, "/livez")).toMatchObject({ status: 200 });
    const client = new PlainClient(grpc);
    const refusal = await refusalOf(client.infer(rawRequest("int4-output", [])));
    expect(refusal).toMatchObject({ code: "NOT_FOUND", reason: "MODEL_NOT_FOUND" });
    client.close();
  });
});

/** Until the HTTP port is there. */
function listens(http: string): Promise<void> {
  return eventually(() =>
    get(http, "/livez").then(
      () => undefined,
      () => `${http} is not listened on`,
    ),
  );
}

function freeAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
}
