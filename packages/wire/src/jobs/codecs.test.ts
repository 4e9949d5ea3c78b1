import { fileURLToPath } from "node:url";
import { policyNames } from "@kvring/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import {
  type DirectRequest,
  decodeDirectReply,
  decodeDirectRequest,
  encodeDirectReply,
  encodeDirectRequest,
} from "./direct.ts";
import { decodeMissJob, encodeMissJob, jobMessageId, type MissJob } from "./miss-job.ts";

/** The slow twin: protobufjs over the protocol file. */
const root = new protobuf.Root();
const protoDirectory = fileURLToPath(new URL("../../../../proto/", import.meta.url));
root.resolvePath = (_, target) => protoDirectory + target.slice(target.indexOf("kvring/"));
root.loadSync("kvring/v1/control.proto", { keepCase: true });
const jobType = root.lookupType("kvring.v1.MissJob");
const requestType = root.lookupType("kvring.v1.DirectRequest");
const replyType = root.lookupType("kvring.v1.DirectReply");

const bytes = fc.uint8Array({ maxLength: 60 });
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });

const jobs: fc.Arbitrary<MissJob> = fc.record({
  key: bytes,
  token: bytes,
  model: text,
  version: text,
  digest: digest.map((drawn) => Buffer.from(drawn).toString("hex")),
  born: fc.record({ epoch: count, sequence: count }),
  scopes: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 6 }),
  ttlMs: count,
  staleMs: count,
  negativeTtlMs: count,
  policy: fc.constantFrom(undefined, ...policyNames),
  owners: fc.array(fc.record({ nodeId: text, address: text }), { maxLength: 3 }),
  replyTo: text,
  request: bytes,
  stagedBytes: count,
  traceParent: text,
});

/** A job as protobufjs shows it: 64-bit numbers as text, so that none is rounded. */
function shown(job: MissJob): object {
  return {
    key: base64(job.key),
    token: base64(job.token),
    model: job.model,
    version: job.version,
    digest: Buffer.from(job.digest, "hex").toString("base64"),
    born: { epoch: String(job.born.epoch), sequence: String(job.born.sequence) },
    scopes: job.scopes.map(String),
    ttl_ms: String(job.ttlMs),
    stale_ms: String(job.staleMs),
    negative_ttl_ms: String(job.negativeTtlMs),
    policy: job.policy ?? "",
    owners: job.owners.map(({ nodeId, address }) => ({ node_id: nodeId, address })),
    reply_to: job.replyTo,
    request: base64(job.request),
    staged_bytes: String(job.stagedBytes),
    trace_parent: job.traceParent,
  };
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString("base64");
}

function twin(type: protobuf.Type, message: Uint8Array): object {
  return type.toObject(type.decode(message), { longs: String, bytes: String, defaults: true });
}

/** With bytes as text: a view on a message is equal to what it was written from. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

function onlyMalformed(decode: (message: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
      try {
        decode(garbage);
      } catch (error) {
        expect(error).toMatchObject({ name: "KvringError", reason: "MESSAGE_MALFORMED" });
      }
    }),
  );
}

function onlyMalformedWhenCut(message: Uint8Array, decode: (message: Uint8Array) => unknown): void {
  for (let length = 0; length < message.length; length += 1) {
    try {
      decode(message.subarray(0, length));
    } catch (error) {
      expect(error).toMatchObject({ reason: "MESSAGE_MALFORMED" });
    }
  }
}

describe("a miss job", () => {
  test("is what protobufjs reads, and comes back as it was", () => {
    fc.assert(
      fc.property(jobs, (job) => {
        const message = encodeMissJob(job);
        expect(twin(jobType, message)).toEqual(shown(job));
        expect(plain(decodeMissJob(message))).toEqual(plain(job));
      }),
    );
  });

  test("is read as protobufjs writes it, with fields of a later version", () => {
    fc.assert(
      fc.property(jobs, (job) => {
        const message = jobType.encode(jobType.fromObject(shown(job))).finish();
        const later = Buffer.concat([message, Buffer.from([0xa2, 0x06, 1, 7, 0xa8, 0x06, 9])]);
        expect(plain(decodeMissJob(later))).toEqual(plain(job));
      }),
    );
  });

  test("has a life of whole milliseconds, never shorter than asked", () => {
    const [job] = fc.sample(jobs, 1);
    if (job === undefined) throw new Error("a sample of one is one");
    expect(decodeMissJob(encodeMissJob({ ...job, ttlMs: 0.25 })).ttlMs).toBe(1);
  });

  test("is the same job when published again, another with another token or birth", () => {
    const job = {
      key: Buffer.from("aa", "hex"),
      token: Buffer.from("bb", "hex"),
      born: { epoch: 5, sequence: 7 },
    };
    expect(jobMessageId(job)).toBe("aa.bb.5.7");
    const others = [
      jobMessageId({ ...job, token: Buffer.from("bc", "hex") }),
      jobMessageId({ ...job, born: { epoch: 5, sequence: 8 } }),
      jobMessageId({ ...job, born: { epoch: 6, sequence: 7 } }),
    ];
    expect(new Set([jobMessageId(job), ...others]).size).toBe(4);
  });

  test("that is garbage, or cut off, is malformed and nothing else", () => {
    onlyMalformed(decodeMissJob);
    for (const job of fc.sample(jobs, 5)) onlyMalformedWhenCut(encodeMissJob(job), decodeMissJob);
  });
});

const requests: fc.Arbitrary<DirectRequest> = fc.oneof(
  fc.record({ kind: fc.constant("begin" as const), token: bytes, offset: count }),
  fc.record({
    kind: fc.constant("answer" as const),
    token: bytes,
    offset: count,
    totalBytes: count,
    bytes,
  }),
  fc.record({ kind: fc.constant("failure" as const), token: bytes, reason: text, message: text }),
);

function shownRequest(request: DirectRequest): object {
  const token = base64(request.token);
  switch (request.kind) {
    case "begin":
      return { token, begin: { offset: String(request.offset) } };
    case "answer": {
      const { offset, totalBytes } = request;
      const answer = {
        offset: String(offset),
        total_bytes: String(totalBytes),
        bytes: base64(request.bytes),
      };
      return { token, answer };
    }
    case "failure":
      return { token, failure: { reason: request.reason, message: request.message } };
  }
}

describe("a direct request", () => {
  test("is what protobufjs reads and writes, and comes back as it was", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = encodeDirectRequest(request);
        expect(twin(requestType, message)).toEqual(shownRequest(request));
        expect(plain(decodeDirectRequest(message))).toEqual(plain(request));
        const written = requestType.encode(requestType.fromObject(shownRequest(request))).finish();
        expect(plain(decodeDirectRequest(written))).toEqual(plain(request));
      }),
    );
  });

  test("that asks for nothing known is malformed", () => {
    const later = Buffer.from([0x0a, 1, 7, 0x2a, 0]);
    expect(() => decodeDirectRequest(later)).toThrow(
      expect.objectContaining({
        reason: "MESSAGE_MALFORMED",
        message: expect.stringContaining("nothing this version knows"),
      }),
    );
  });

  test("that is garbage, or cut off, is malformed and nothing else", () => {
    onlyMalformed(decodeDirectRequest);
    for (const request of fc.sample(requests, 5)) {
      onlyMalformedWhenCut(encodeDirectRequest(request), decodeDirectRequest);
    }
  });
});

describe("a direct reply", () => {
  const replies = fc.record({
    alive: fc.boolean(),
    input: bytes,
    remainingMs: fc.nat(24 * 60 * 60 * 1000),
  });

  test("is what protobufjs reads and writes, and comes back as it was", () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const message = encodeDirectReply(reply);
        const { alive, input, remainingMs } = reply;
        const shownReply = { alive, input: base64(input), remaining_ms: remainingMs };
        expect(twin(replyType, message)).toEqual(shownReply);
        expect(plain(decodeDirectReply(message))).toEqual(plain(reply));
        const written = replyType.encode(replyType.fromObject(shownReply)).finish();
        expect(plain(decodeDirectReply(written))).toEqual(plain(reply));
      }),
    );
  });

  test("never says that nobody waits while somebody does", () => {
    const reply = encodeDirectReply({ alive: true, input: new Uint8Array(0), remainingMs: 0.5 });
    expect(decodeDirectReply(reply).remainingMs).toBe(1);
  });

  test("that is garbage is malformed and nothing else", () => {
    onlyMalformed(decodeDirectReply);
  });
});
