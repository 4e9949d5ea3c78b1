import { promisify } from "node:util";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type Bus, createInProcessBus } from "@kvring/bus";
import { silentLog, systemClock } from "@kvring/core";
import { createMetrics, type Metrics } from "@kvring/ops";
import {
  clientOptions,
  decodeMissJob,
  decodeResponse,
  decodeStatus,
  encodeDirectRequest,
  encodeRequest,
  loadServices,
} from "@kvring/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf, entryOf, heard, publish } from "./catalog/testing/catalog.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { storedEntry } from "./inference/testing/path.ts";
import { defaultGatewayOptions } from "./options.ts";

const { GRPCInferenceService } = loadServices().inference;

let bus: Bus;
let metrics: Metrics;
let gateway: Gateway;
let raw: Client;
let open: InstanceType<typeof GRPCInferenceService>;
/** What the worker does before it answers. */
let beforeAnswer = async (): Promise<void> => {};

beforeAll(async () => {
  bus = createInProcessBus();
  metrics = createMetrics({ process: false });
  await publish(bus, entryOf(), entryOf({ version: "2", digest: digestOf("2") }));
  gateway = await startGateway({
    bus,
    metrics,
    clock: systemClock,
    log: silentLog,
    options: { ...defaultGatewayOptions, listen: "127.0.0.1:0", serverName: "triton" },
  });
  await bus.queue.consume({ digest: digestOf("2"), slots: 4, handle: answerDirectly });
  await heard();
  const address = `127.0.0.1:${gateway.port}`;
  raw = new Client(address, credentials.createInsecure(), clientOptions);
  open = new GRPCInferenceService(address, credentials.createInsecure(), clientOptions);
});

afterAll(async () => {
  raw.close();
  open.close();
  await gateway.drain();
  await bus.close();
});

/** A worker, as far as a gateway without nodes sees it. */
async function answerDirectly({ body }: { readonly body: Uint8Array }): Promise<void> {
  const { token, replyTo } = decodeMissJob(body);
  await beforeAnswer();
  const bytes = storedEntry();
  const request = { kind: "answer", token, offset: 0, totalBytes: bytes.length, bytes } as const;
  await bus.courier.request(replyTo, encodeDirectRequest(request), 1_000);
}

const inputs = ["a", "b"].map(
  (name) => ({ name, datatype: "INT32", shape: [2], data: Buffer.alloc(8) }) as const,
);
const paths = ["/inference.GRPCInferenceService/ModelInfer", "/kvring.v1.InferenceService/Infer"];

function infer(
  message: Uint8Array,
  options: {
    readonly path?: string;
    readonly metadata?: Metadata;
    readonly timeoutMs?: number;
    readonly client?: Client;
  } = {},
): Promise<Uint8Array> {
  const {
    path = paths[0] ?? "",
    metadata = new Metadata(),
    timeoutMs = 4_000,
    client = raw,
  } = options;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
      message,
      metadata,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, answer?: Uint8Array) => {
        if (error === null) resolve(answer ?? new Uint8Array(0));
        else reject(decodeStatus(error));
      },
    );
  });
}

describe("inference over gRPC", () => {
  test.each(paths)("%s answers, with the id of the request", async (path) => {
    const answer = decodeResponse(
      await infer(encodeRequest({ model: "sums", id: "7", inputs }), { path }),
    );
    expect(answer).toMatchObject({ model: "sums", id: "7", outputs: [{ name: "sum" }] });
    expect(answer.parameters.get("cache_status")).toMatchObject({
      value: "kvring; fwd=miss; detail=no-node",
    });
  });

  test("takes what concerns the cache from metadata too", async () => {
    const metadata = new Metadata();
    metadata.set("cache_control", "no-store");
    const answer = decodeResponse(
      await infer(encodeRequest({ model: "sums", inputs }), { metadata }),
    );
    expect(answer.parameters.get("cache_status")).toMatchObject({ value: "kvring; fwd=bypass" });
    metadata.set("cache_control", "no-store, often");
    await expect(
      infer(encodeRequest({ model: "sums", inputs }), { metadata }),
    ).rejects.toMatchObject({
      reason: "BAD_CACHE_CONTROL",
    });
  });

  test.each([
    ["malformed protobuf", Buffer.from([0x0a, 0xff]), "INVALID_ARGUMENT", "MESSAGE_MALFORMED"],
    ["an unknown model", encodeRequest({ model: "mnist", inputs }), "NOT_FOUND", "MODEL_NOT_FOUND"],
    [
      "an unknown version",
      encodeRequest({ model: "sums", version: "3", inputs }),
      "NOT_FOUND",
      "MODEL_NOT_FOUND",
    ],
    [
      "a missing input",
      encodeRequest({ model: "sums", inputs: [] }),
      "INVALID_ARGUMENT",
      "INPUT_MISSING",
    ],
  ] as const)("refuses %s under its code, with its reason", async (_, message, code, reason) => {
    await expect(infer(message)).rejects.toMatchObject({ code, reason });
  });

  test("honours the deadline of the call", async () => {
    // Nobody consumes the jobs of version 1.
    const request = encodeRequest({ model: "sums", version: "1", inputs });
    await expect(infer(request, { timeoutMs: 30 })).rejects.toMatchObject({
      reason: "DEADLINE_EXCEEDED",
    });
  });

  test("counts every request once, also in what is scraped", async () => {
    const metadata = new Metadata();
    metadata.set("cache_control", "no-store");
    const before = gateway.metrics.totals();
    await infer(encodeRequest({ model: "sums", inputs }), { metadata });
    await expect(infer(Buffer.from([0xff]))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const { requests, ...parts } = gateway.metrics.totals();
    // A request of another test may end here after its client gave it up.
    expect(requests).toBeGreaterThanOrEqual(before.requests + 2);
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(requests);
    expect(parts.bypass).toBe(before.bypass + 1);
    const { text } = await metrics.render();
    const bypass = `kvring_gateway_answers_total{model="sums",outcome="bypass"} ${parts.bypass}`;
    expect(text.split("\n")).toContain(bypass);
  });
});

describe("the questions of the protocol", () => {
  const ask = <Q, A>(
    method: (question: Q, callback: (error: ServiceError | null, reply?: A) => void) => unknown,
    question: Q,
  ) => promisify(method.bind(open) as typeof method)(question);

  test("are answered", async () => {
    expect(await ask(open.ServerLive, {})).toEqual({ live: true });
    expect(await ask(open.ServerReady, {})).toEqual({ ready: true });
    expect(await ask(open.ServerMetadata, {})).toMatchObject({ name: "triton", version: "0.1.0" });
    expect(await ask(open.ModelMetadata, { name: "sums" })).toMatchObject({
      name: "sums",
      versions: ["2", "1"],
      platform: "onnxruntime_onnx",
      inputs: [
        { name: "a", datatype: "INT32", shape: ["2"] },
        { name: "b", datatype: "INT32", shape: ["2"] },
      ],
      outputs: [{ name: "sum" }, { name: "difference" }],
    });
  });

  test.each([
    [{ name: "sums" }, true],
    [{ name: "sums", version: "1" }, true],
    [{ name: "sums", version: "3" }, false],
    [{ name: "mnist" }, false],
  ])("whether %o is ready: %s, and no error", async (question, ready) => {
    expect(await ask(open.ModelReady, question)).toEqual({ ready });
  });

  test("about an unknown model are refused", async () => {
    const asked = ask(open.ModelMetadata, { name: "mnist" });
    await expect(asked.catch((error) => Promise.reject(decodeStatus(error)))).rejects.toMatchObject(
      {
        code: "NOT_FOUND",
        reason: "MODEL_NOT_FOUND",
      },
    );
  });
});

function start(on: Bus, listen = "127.0.0.1:0"): Promise<Gateway> {
  return startGateway({
    bus: on,
    metrics: createMetrics({ process: false }),
    clock: systemClock,
    log: silentLog,
    options: { ...defaultGatewayOptions, listen },
  });
}

function failing(of: Gateway): string[] {
  return of.checks().flatMap((check) => check.failing() ?? []);
}

test("a gateway is ready when the log was reached and a model can be answered", async () => {
  expect(failing(gateway)).toEqual([]);
  const lonely = await start(createInProcessBus());
  await heard();
  expect(failing(lonely)).toEqual(["no live worker holds a model of the catalog"]);
  await lonely.drain();
});

test("a gateway that drains lets end what is under way, and takes nothing new", async () => {
  const draining = await start(bus);
  await heard();
  const client = new Client(`127.0.0.1:${draining.port}`, credentials.createInsecure());
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  beforeAnswer = () => {
    begun.resolve();
    return gate.promise;
  };
  const request = encodeRequest({ model: "sums", inputs });
  const answer = infer(request, { client });
  await begun.promise;
  const drained = draining.drain();
  expect(failing(draining)).toContain("the gateway is draining");
  await expect(infer(request, { client })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  gate.resolve();
  expect(decodeResponse(await answer)).toMatchObject({ model: "sums" });
  await drained;
  client.close();
});

test("a port in use is an error that says so", async () => {
  await expect(start(bus, `127.0.0.1:${gateway.port}`)).rejects.toMatchObject({
    reason: "PORT_IN_USE",
  });
});
