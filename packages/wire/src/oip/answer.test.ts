import { fileURLToPath } from "node:url";
import type { Datatype, Parameter, Tensor } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { messageIn } from "../grpc/message-frame.ts";
import { LargeBuffers } from "../memory/large-buffers.ts";
import { answerSuffix, encodeAnswer, framedAnswer } from "./answer.ts";
import { encodeRequest } from "./request.ts";
import { decodeResponse } from "./response.ts";
import { scanRequest } from "./scan.ts";

/** The slow twin: protobufjs over the protocol file. */
const protocol = fileURLToPath(new URL("../../../../proto/inference.proto", import.meta.url));
const root = new protobuf.Root().loadSync(protocol, { keepCase: true });
const requestType = root.lookupType("inference.ModelInferRequest");
const responseType = root.lookupType("inference.ModelInferResponse");

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const datatypes: readonly Datatype[] = ["BOOL", "UINT8", "INT64", "FP16", "FP32", "BYTES"];
const tensors: fc.Arbitrary<Tensor[]> = fc.array(
  fc.record({
    name: text,
    datatype: fc.constantFrom(...datatypes),
    shape: fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat()), { maxLength: 4 }),
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 4 },
);

interface Decoded {
  readonly [field: string]: unknown;
}

/** What a client of protobufjs makes of it. */
function twin(type: protobuf.Type, message: Uint8Array): Decoded {
  return type.toObject(type.decode(message), {
    longs: Number,
    bytes: String,
    defaults: true,
  });
}

function heads(list: readonly Tensor[]): object[] {
  const head = { parameters: {} };
  return list.map(({ name, datatype, shape }) => ({ ...head, name, datatype, shape: [...shape] }));
}

const base64 = ({ data }: Tensor): string => Buffer.from(data).toString("base64");
const status = (value: string): Parameter => ({ name: "cache_status", kind: "string", value });

describe("an answer", () => {
  test("is stored once and sent with each request's own fields behind it", () => {
    fc.assert(
      fc.property(text, text, text, tensors, (modelName, modelVersion, id, outputs) => {
        const stored = encodeAnswer({ modelName, modelVersion, outputs });
        const age: Parameter = { name: "cache_debug_age_ms", kind: "double", value: 0.5 };
        const suffix = answerSuffix(id, [status("kvring; hit; ttl=57; detail=l1"), age]);
        const decoded = twin(responseType, Buffer.concat([stored, suffix]));
        expect(decoded).toMatchObject({
          model_name: modelName,
          model_version: modelVersion,
          id,
          parameters: {
            cache_status: { string_param: "kvring; hit; ttl=57; detail=l1" },
            cache_debug_age_ms: { double_param: 0.5 },
          },
          outputs: heads(outputs),
          raw_output_contents: outputs.map(base64),
        });
      }),
    );
  });

  test("has the last of two values of a parameter, and of two ids", () => {
    const message = Buffer.concat([
      encodeAnswer({ modelName: "m", modelVersion: "1", outputs: [] }),
      answerSuffix("first", [status("kvring; fwd=miss; stored")]),
      answerSuffix("second", [status("kvring; hit; ttl=1; detail=node")]),
    ]);
    expect(twin(responseType, message)).toMatchObject({
      id: "second",
      parameters: { cache_status: { string_param: "kvring; hit; ttl=1; detail=node" } },
    });
    const response = decodeResponse(message);
    expect(response.id).toBe("second");
    expect(response.parameters.get("cache_status")).toEqual(
      status("kvring; hit; ttl=1; detail=node"),
    );
  });

  test("in its frame is that message behind its length, wherever it was put together", () => {
    const memory = new LargeBuffers(10_000_000);
    const given = memory.take(400_000).fill(0xdb);
    memory.give(given);
    fc.assert(
      fc.property(fc.nat(400_000), fc.nat(3_000), (bytes, idLength) => {
        const stored = Buffer.alloc(bytes, 1);
        const id = "é".repeat(idLength);
        const parameters = [status("kvring; hit; ttl=57; detail=l1")];
        const frame = framedAnswer(stored, id, parameters, memory);
        const message = Buffer.concat([stored, answerSuffix(id, parameters)]);
        expect([frame[0], frame.readUInt32BE(1)]).toEqual([0, message.length]);
        expect(Buffer.compare(messageIn(frame), message)).toBe(0);
        memory.give(frame);
      }),
    );
  });

  test("without an id says none", () => {
    expect(answerSuffix("", [])).toHaveLength(0);
  });

  test("carries parameters of every kind exactly", () => {
    const parameters: Parameter[] = [
      { name: "a", kind: "bool", value: true },
      { name: "b", kind: "int64", value: -(2n ** 63n) },
      { name: "c", kind: "uint64", value: 2n ** 64n - 1n },
      { name: "d", kind: "double", value: -0.1 },
      { name: "e", kind: "none" },
    ];
    const suffix = answerSuffix("", parameters);
    expect([...decodeResponse(suffix).parameters.values()]).toEqual(parameters);
    const decoded = responseType.toObject(responseType.decode(suffix), { longs: String });
    expect(decoded["parameters"]).toEqual({
      a: { bool_param: true },
      b: { int64_param: "-9223372036854775808" },
      c: { uint64_param: "18446744073709551615" },
      d: { double_param: -0.1 },
      e: {},
    });
  });
});

describe("a response", () => {
  const plain = (list: readonly Tensor[]): object[] =>
    list.map((tensor) => ({ ...tensor, data: base64(tensor) }));

  test("is read as protobufjs writes it", () => {
    fc.assert(
      fc.property(text, text, tensors, (model, id, outputs) => {
        const message = responseType
          .encode({
            model_name: model,
            id,
            outputs: heads(outputs),
            raw_output_contents: outputs.map(({ data }) => data),
          })
          .finish();
        const response = decodeResponse(message);
        expect(response).toMatchObject({ model, id, version: "" });
        expect(plain(response.outputs)).toEqual(plain(outputs));
      }),
    );
  });

  test("that is not raw, or of an unknown datatype, is refused", () => {
    const output = { name: "y", datatype: "FP32", shape: [1] };
    const typed = { outputs: [{ ...output, contents: { fp32_contents: [1] } }] };
    expect(() => decodeResponse(responseType.encode(typed).finish())).toThrow(
      expect.objectContaining({
        reason: "MESSAGE_MALFORMED",
        message: expect.stringContaining('"y" has no raw'),
      }),
    );
    const unknown = { outputs: [{ ...output, datatype: "BF16" }] };
    expect(() => decodeResponse(responseType.encode(unknown).finish())).toThrow(
      expect.objectContaining({ reason: "DATATYPE_UNSUPPORTED" }),
    );
  });

  test("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodeResponse(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "KvringError" });
        }
      }),
    );
  });
});

describe("an encoded request", () => {
  test("is read alike by protobufjs and by the scan", () => {
    fc.assert(
      fc.property(
        text,
        text,
        text,
        tensors,
        fc.array(text),
        (model, version, id, inputs, outputs) => {
          const parameters: Parameter[] = [{ name: "cache_ttl_ms", kind: "int64", value: 5000n }];
          const message = encodeRequest({ model, version, id, inputs, outputs, parameters });
          expect(twin(requestType, message)).toMatchObject({
            model_name: model,
            model_version: version,
            id,
            parameters: { cache_ttl_ms: { int64_param: 5000 } },
            inputs: heads(inputs),
            outputs: outputs.map((name) => ({ name })),
            raw_input_contents: inputs.map(base64),
          });
          const scanned = scanRequest(message);
          expect(scanned).toMatchObject({ modelName: model, modelVersion: version, id, outputs });
          expect(scanned.parameters).toEqual(parameters);
          expect(scanned.rawContents.map((data) => Buffer.from(data).toString("base64"))).toEqual(
            inputs.map(base64),
          );
        },
      ),
    );
  });

  test("without a choice leaves it to the server", () => {
    const message = encodeRequest({ model: "m", inputs: [] });
    expect(scanRequest(message)).toMatchObject({ modelVersion: "", id: "", outputs: [] });
  });
});
