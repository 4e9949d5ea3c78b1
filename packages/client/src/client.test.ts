import {
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import {
  answerSuffix,
  bindServer,
  encodeAnswer,
  encodeRequest,
  encodeStatus,
  loadServices,
  scanRequest,
} from "@kvring/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describe as describeAnswer, KvringClient } from "./client.ts";

const scores = { name: "scores", datatype: "FP32", shape: [1], data: Buffer.alloc(4, 1) } as const;
const input = { name: "x", datatype: "UINT8", shape: [2], data: Buffer.from([1, 2]) } as const;
const stored = encodeAnswer({ modelName: "m", modelVersion: "3", outputs: [scores] });

let server: Server;
let client: KvringClient;
let address: string;
/** What the gateway does with a call. */
let infer: handleUnaryCall<Buffer, Uint8Array>;

/** The method with bytes for messages. */
function raw(method: MethodDefinition<object, object>): MethodDefinition<Buffer, Uint8Array> {
  return {
    ...method,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

const forward: handleUnaryCall<Buffer, Uint8Array> = (call, callback) => infer(call, callback);
const serverReady: handleUnaryCall<object, object> = (_, callback) =>
  callback(null, { ready: true });
const modelMetadata: handleUnaryCall<{ readonly name: string }, object> = (call, callback) => {
  const shape = ["-1", "28"];
  if (call.request.name !== "m") {
    callback(encodeStatus(new KvringError("MODEL_NOT_FOUND", "no such model")));
    return;
  }
  callback(null, {
    ...{ name: "m", versions: ["3", "1"], platform: "onnxruntime_onnx", properties: {} },
    inputs: [{ name: "x", datatype: "UINT8", shape }],
    outputs: [{ name: "scores", datatype: "FP32", shape }],
  });
};

beforeAll(async () => {
  const { inference, kvring } = loadServices();
  server = new Server();
  server.addService({ Infer: raw(kvring.v1.InferenceService.service.Infer) }, { Infer: forward });
  const { ServerReady, ModelMetadata } = inference.GRPCInferenceService.service;
  server.addService(
    { ServerReady, ModelMetadata },
    { ServerReady: serverReady, ModelMetadata: modelMetadata },
  );
  const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  address = `127.0.0.1:${port}`;
  client = new KvringClient(address);
});

beforeEach(() => {
  infer = (_, callback) => callback(null, stored);
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

describe("inference", () => {
  test("sends what was asked, and gives the answer with how it came about", async () => {
    let asked: Buffer | undefined;
    infer = ({ request }, callback) => {
      asked = request;
      const status = { name: "cache_status", kind: "string", value: "kvring; fwd=miss" } as const;
      callback(null, Buffer.concat([stored, answerSuffix(scanRequest(request).id, [status])]));
    };
    const request = { model: "m", version: "3", id: "7", inputs: [input], outputs: ["scores"] };
    const answer = await client.infer(request);
    expect(asked?.equals(encodeRequest(request))).toBe(true);
    expect(answer).toMatchObject({
      model: "m",
      version: "3",
      id: "7",
      cacheStatus: "kvring; fwd=miss",
    });
    expect(Buffer.from(answer.outputs[0]?.data ?? [])).toEqual(scores.data);
    expect(answer.bytes).toBeGreaterThan(stored.length);
  });

  test("of another server has no cache status", () => {
    expect(describeAnswer(stored)).toMatchObject({
      model: "m",
      cacheStatus: "",
      bytes: stored.length,
    });
  });

  test("that is refused throws the gateway's own reason", async () => {
    infer = (_, callback) => callback(encodeStatus(new KvringError("QUEUE_FULL", "add workers")));
    await expect(client.infer({ model: "m", inputs: [] })).rejects.toMatchObject({
      ...{ name: "KvringError", reason: "QUEUE_FULL", code: "RESOURCE_EXHAUSTED" },
      message: "add workers",
    });
  });

  test("whose answer cannot be read throws", async () => {
    infer = (_, callback) => callback(null, Buffer.from([0xff]));
    await expect(client.infer({ model: "m", inputs: [] })).rejects.toMatchObject({
      reason: "MESSAGE_MALFORMED",
    });
  });

  test("ends with its time, and tells the gateway how much there is", async () => {
    const deadline = Promise.withResolvers<number>();
    infer = (call) => {
      const isOurs = scanRequest(call.request).id === "timed";
      if (isOurs) deadline.resolve(Number(call.getDeadline()) - Date.now());
    };
    const asked = client.infer({ model: "m", id: "timed", inputs: [] }, { timeoutMs: 100 });
    await expect(asked).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    expect(await deadline.promise).toBeLessThanOrEqual(100);
  });

  test("is given up when its signal says so, at the gateway too", async () => {
    const [begun, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    infer = (call) => {
      call.on("cancelled", () => cancelled.resolve());
      begun.resolve();
    };
    const controller = new AbortController();
    const asked = client.infer({ model: "m", inputs: [] }, { signal: controller.signal });
    const refusal = expect(asked).rejects.toMatchObject({ reason: "CANCELLED" });
    await begun.promise;
    controller.abort();
    await refusal;
    await cancelled.promise;
  });

  test("that was given up before it began asks nobody", async () => {
    const signal = AbortSignal.abort();
    await expect(client.infer({ model: "m", inputs: [] }, { signal })).rejects.toMatchObject({
      reason: "CANCELLED",
    });
  });
});

describe("what else a gateway can be asked", () => {
  test("is whether it is there and ready", async () => {
    await client.waitUntilReachable(2_000);
    expect(await client.serverReady()).toBe(true);
  });

  test("is what a model takes and gives", async () => {
    expect(await client.modelMetadata("m")).toEqual({
      ...{ name: "m", versions: ["3", "1"], platform: "onnxruntime_onnx" },
      inputs: [{ name: "x", datatype: "UINT8", shape: [-1, 28] }],
      outputs: [{ name: "scores", datatype: "FP32", shape: [-1, 28] }],
    });
    await expect(client.modelMetadata("n")).rejects.toMatchObject({ reason: "MODEL_NOT_FOUND" });
  });

  test("throws where nobody listens", async () => {
    const lonely = new KvringClient("127.0.0.1:1");
    await expect(lonely.waitUntilReachable(50)).rejects.toMatchObject({ reason: "LINK_LOST" });
    await expect(lonely.serverReady()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    lonely.close();
  });
});
