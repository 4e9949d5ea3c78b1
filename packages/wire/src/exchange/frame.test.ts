import { fileURLToPath } from "node:url";
import { Entry, encodeEntry } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import type { ProtoReader } from "../protobuf/reader.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import {
  decodeFrame,
  encodeChunk,
  encodeCredit,
  encodeHello,
  encodeRingVersion,
  type Frame,
} from "./frame.ts";
import type { Operation } from "./operation.ts";
import { decodeOperation } from "./operation-decoder.ts";
import { encodeOperation } from "./operation-encoder.ts";
import { decodeResult, encodeResult, type Result } from "./result.ts";

/** The slow twin: protobufjs over the protocol file. */
const root = new protobuf.Root();
const protoDirectory = fileURLToPath(new URL("../../../../proto/", import.meta.url));
root.resolvePath = (_, target) => protoDirectory + target.slice(target.indexOf("kvring/"));
root.loadSync("kvring/v1/node.proto", { keepCase: true });
const requestType = root.lookupType("kvring.v1.ExchangeRequest");
const responseType = root.lookupType("kvring.v1.ExchangeResponse");

const bytes = fc.uint8Array({ maxLength: 200 });
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bulkBytes = fc.oneof(fc.constant(0), count);
const head = { id: count, key: bytes, tenant: text };

const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    ...head,
    kind: fc.constant("lookup" as const),
    minBorn: fc.record({ epoch: count, sequence: count }),
    maxAgeMs: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
    waitMs: fc.nat(2 ** 31),
    joinOnly: fc.boolean(),
    minTtlMs: fc.double({ noNaN: true }).map((ms) => ms + 0),
  }),
  fc.record({
    ...head,
    kind: fc.constant("put" as const),
    token: bytes,
    entry: bytes,
    bulkBytes,
    store: fc.boolean(),
  }),
  fc.record({
    ...head,
    kind: fc.constant("stage" as const),
    token: bytes,
    input: bytes,
    bulkBytes,
  }),
  fc.record({ ...head, kind: fc.constant("begin" as const), token: bytes }),
  fc.record({ ...head, kind: fc.constant("keep" as const), token: bytes }),
  fc.record({ ...head, kind: fc.constant("release" as const), token: bytes }),
  fc.record({
    ...head,
    kind: fc.constant("fail" as const),
    token: bytes,
    reason: text,
    message: text,
  }),
  fc.record({ ...head, kind: fc.constant("cancel" as const), operationId: count }),
);

const results: fc.Arbitrary<Result> = fc.oneof(
  fc.record({
    kind: fc.constant("found" as const),
    id: count,
    entry: bytes,
    bulkBytes,
    waited: fc.boolean(),
    stored: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom("missing" as const, "waiting" as const), id: count }),
  fc.record({ kind: fc.constant("granted" as const), id: count, token: bytes, asks: fc.nat(15) }),
  fc.record({
    kind: fc.constantFrom("failed" as const, "refused" as const),
    id: count,
    reason: text,
    message: text,
  }),
  fc.record({ kind: fc.constant("done" as const), id: count, accepted: fc.boolean() }),
  fc.record({
    kind: fc.constant("begun" as const),
    id: count,
    alive: fc.boolean(),
    input: bytes,
    bulkBytes,
    remainingMs: fc.nat(2 ** 31),
  }),
);

function frames<Item>(items: fc.Arbitrary<Item>): fc.Arbitrary<Frame<Item>> {
  const nothing = { nil: undefined };
  return fc.record({
    hello: fc.option(
      fc.record({
        protocolVersion: fc.nat(9),
        peerId: text,
        sessionId: text,
        lane: fc.constantFrom("small" as const, "bulk" as const),
        creditBytes: count,
      }),
      nothing,
    ),
    items: fc.array(items, { maxLength: 5 }),
    chunk: fc.option(fc.record({ operationId: count, offset: count, bytes }), nothing),
    creditBytes: count,
    ringVersion: count,
  });
}

function encode<Item>(
  frame: Frame<Item>,
  encodeItem: (writer: ProtoWriter, item: Item) => void,
): Buffer {
  const writer = new ProtoWriter(16);
  if (frame.hello !== undefined) encodeHello(writer, frame.hello);
  for (const item of frame.items) encodeItem(writer, item);
  if (frame.chunk !== undefined) {
    const { operationId, offset, bytes: content } = frame.chunk;
    encodeChunk(writer, operationId, offset, content.length).set(content);
  }
  encodeCredit(writer, frame.creditBytes);
  encodeRingVersion(writer, frame.ringVersion);
  return writer.finish();
}

/** A domain object as protobufjs takes it: snake_case, lanes by number, positions as they are. */
function snake(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), field]),
  );
}

function itemOf({ kind, id, ...rest }: Operation | Result): object {
  const { key, tenant, ...body } = { key: undefined, tenant: undefined, ...rest };
  return snake({ id, key, tenant, [kind]: snake(body) });
}

function messageOf(frame: Frame<Operation | Result>, items: string): object {
  const { hello, chunk } = frame;
  return snake({
    ...frame,
    items: undefined,
    [items]: frame.items.map(itemOf),
    hello: hello && snake({ ...hello, lane: hello.lane === "bulk" ? 1 : 0 }),
    chunk: chunk && snake(chunk),
  });
}

function checkTwins<Item extends Operation | Result>(
  type: protobuf.Type,
  field: string,
  items: fc.Arbitrary<Item>,
  encodeItem: (writer: ProtoWriter, item: Item) => void,
  decodeItem: (reader: ProtoReader) => Item,
): void {
  fc.assert(
    fc.property(frames(items), (frame) => {
      const ours = encode(frame, encodeItem);
      const theirs = type.fromObject(messageOf(frame, field));
      const options = { longs: String, bytes: String, defaults: true };
      expect(type.toObject(type.decode(ours), options)).toEqual(type.toObject(theirs, options));
      const decoded = decodeFrame(type.encode(theirs).finish(), decodeItem);
      expect(plain(decoded)).toEqual(plain(frame));
      expect(plain(decodeFrame(ours, decodeItem))).toEqual(plain(frame));
    }),
    { numRuns: 150 },
  );
}

/** Views and Buffers compare by content only when they are of one class. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

describe("frames", () => {
  test("of requests are those of the protocol file", () => {
    checkTwins(requestType, "operations", operations, encodeOperation, decodeOperation);
  });

  test("of responses are those of the protocol file", () => {
    checkTwins(responseType, "results", results, encodeResult, decodeResult);
  });

  test("that are cut off or garbled are refused, and nothing worse", () => {
    const damage = fc.record({
      frame: frames(operations),
      at: fc.nat(),
      bytes: fc.uint8Array({ maxLength: 8 }),
      cut: fc.boolean(),
    });
    let refused = 0;
    fc.assert(
      fc.property(damage, ({ frame, at, bytes: noise, cut }) => {
        const encoded = encode(frame, encodeOperation);
        const where = encoded.length === 0 ? 0 : at % encoded.length;
        const damaged = cut
          ? encoded.subarray(0, where)
          : Buffer.concat([encoded.subarray(0, where), noise, encoded.subarray(where)]);
        for (const decodeItem of [decodeOperation, decodeResult]) {
          try {
            decodeFrame<unknown>(damaged, decodeItem);
          } catch (error) {
            expect(error).toMatchObject({ name: "KvringError", reason: "MESSAGE_MALFORMED" });
            refused += 1;
          }
        }
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });

  test("carry an operation of a later version by its number", () => {
    const writer = new ProtoWriter();
    encodeOperation(writer, {
      kind: "unknown",
      id: 7,
      key: new Uint8Array(),
      tenant: "",
      field: 12,
    });
    const [item] = decodeFrame(writer.finish(), decodeOperation).items;
    expect(item).toMatchObject({ kind: "unknown", id: 7, field: 12 });
  });

  test("stamp an entry's life into the copy that is sent", () => {
    const header = {
      born: { epoch: 1, sequence: 2 },
      ageMs: 0,
      ttlMs: 1000,
      costMs: 3,
      digest: "ab".repeat(32),
      scopes: [5n],
    };
    const entry = encodeEntry(header, Buffer.from("answer"));
    const life = { ageMs: 40, ttlMs: 960 };
    const writer = new ProtoWriter();
    encodeResult(writer, {
      kind: "found",
      id: 1,
      entry,
      bulkBytes: 0,
      waited: false,
      stored: true,
      life,
    });
    const [item] = decodeFrame(writer.finish(), decodeResult).items;
    if (item?.kind !== "found") throw new Error("found is found");
    expect(new Entry(item.entry).header).toEqual({ ...header, ...life });
    expect(new Entry(entry).header).toEqual(header);
  });
});
