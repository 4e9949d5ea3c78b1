import { type Courier, courierBytes } from "@kvring/bus";
import { KvringError } from "@kvring/core";
import {
  type DirectReply,
  type DirectRequest,
  decodeDirectRequest,
  encodeDirectReply,
  type MissJob,
} from "@kvring/wire";
import { describe, expect, test } from "vitest";
import { GatewayHolder, NodeHolder } from "./holder.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

const token = Buffer.from("token");
const key = new Uint8Array(32);

function job(parts: Partial<MissJob> = {}): MissJob {
  return {
    key,
    token,
    model: "sums",
    version: "1",
    digest: "ab".repeat(32),
    born: { epoch: 3, sequence: 9 },
    scopes: [],
    ttlMs: 1_000,
    staleMs: 0,
    negativeTtlMs: 0,
    owners: [],
    replyTo: "direct.gw-1",
    request: new Uint8Array(0),
    stagedBytes: 0,
    traceParent: "",
    ...parts,
  };
}

const nothing = Buffer.alloc(0);

/** A gateway behind a courier. */
function gateway(answer: (request: DirectRequest) => Partial<DirectReply>) {
  const asked: DirectRequest[] = [];
  const addresses = new Set<string>();
  const courier: Courier = {
    serve: () => {
      throw new Error("a worker serves nothing");
    },
    request: async (address, body) => {
      expect(body.length).toBeLessThanOrEqual(courierBytes);
      addresses.add(address);
      const request = decodeDirectRequest(body);
      asked.push(request);
      return encodeDirectReply({
        alive: true,
        input: nothing,
        remainingMs: 500,
        ...answer(request),
      });
    },
  };
  return { courier, asked, addresses };
}

/** Hands out `input` from the offset asked, in pieces of so many bytes. */
function handing(input: Uint8Array, pieceBytes: number) {
  return gateway((request) =>
    request.kind === "begin"
      ? { input: input.subarray(request.offset, request.offset + pieceBytes) }
      : {},
  );
}

describe("a gateway that holds a direct job", () => {
  test("is asked whether anybody waits, at the address that the job names", async () => {
    const { courier, asked, addresses } = gateway(() => ({}));
    const begun = await new GatewayHolder(courier, job()).begin();
    expect(begun).toEqual({ alive: true, input: undefined, remainingMs: 500 });
    expect(asked).toMatchObject([{ kind: "begin", offset: 0 }]);
    expect([...addresses]).toEqual(["direct.gw-1"]);
  });

  test.each([1, 3, 7, 10, 100])("hands its input out in pieces of %i bytes", async (pieceBytes) => {
    const input = Buffer.from("0123456789");
    const { courier, asked } = handing(input, pieceBytes);
    const begun = await new GatewayHolder(courier, job({ stagedBytes: 10 })).begin();
    expect(begun).toEqual({ alive: true, input, remainingMs: 500 });
    expect(asked).toHaveLength(Math.ceil(10 / pieceBytes));
  });

  test("that nobody waits at any more is not computed for", async () => {
    const gone = gateway(() => ({ alive: false }));
    expect(await new GatewayHolder(gone.courier, job()).begin()).toEqual({ alive: false });
    const halfway = gateway((request) =>
      request.kind === "begin" && request.offset === 0
        ? { input: Buffer.from("01234") }
        : { alive: false },
    );
    const holder = new GatewayHolder(halfway.courier, job({ stagedBytes: 10 }));
    expect(await holder.begin()).toEqual({ alive: false });
  });

  test.each([
    ["less", 9],
    ["more", 11],
  ])("with %s input than the job says has lost it", async (_, bytes) => {
    const { courier } = handing(Buffer.alloc(bytes), 100);
    const holder = new GatewayHolder(courier, job({ stagedBytes: 10 }));
    await expect(holder.begin()).rejects.toMatchObject({ reason: "INPUT_LOST" });
  });

  test("gets an answer in pieces that fit a message, one after another", async () => {
    const { courier, asked } = gateway(() => ({}));
    const entry = Buffer.alloc(2 * courierBytes + 5, "0123456789abc");
    expect(await new GatewayHolder(courier, job()).answer(entry)).toBe(true);
    expect(asked.length).toBe(3);
    let expected = 0;
    const pieces = asked.map((request) => {
      if (request.kind !== "answer") throw new Error("an answer");
      expect(request).toMatchObject({ offset: expected, totalBytes: entry.length });
      expected += request.bytes.length;
      return request.bytes;
    });
    expect(Buffer.concat(pieces).equals(entry)).toBe(true);
  });

  test("gets no more of an answer when nobody waits any more", async () => {
    const { courier, asked } = gateway(() => ({ alive: false }));
    expect(await new GatewayHolder(courier, job()).answer(Buffer.alloc(2 * courierBytes))).toBe(
      false,
    );
    expect(asked).toHaveLength(1);
  });

  test("is told of a failure, with its reason", async () => {
    const { courier, asked } = gateway(() => ({}));
    await new GatewayHolder(courier, job()).fail(new KvringError("MODEL_FAILED", "no"));
    expect(asked).toMatchObject([{ kind: "failure", reason: "MODEL_FAILED", message: "no" }]);
  });
});

test("a node that holds a token is asked and told under that token", async () => {
  const node = new ScriptedNode("n1");
  const holder = new NodeHolder(node, job());
  const entry = Buffer.from("entry");
  expect(await holder.begin()).toBe(node.begun);
  await holder.keep();
  expect(await holder.answer(entry, false)).toBe(true);
  const error = new KvringError("MODEL_FAILED", "no");
  await holder.fail(error);
  expect(node.begins).toEqual([{ key, token }]);
  expect(node.keeps).toEqual([{ key, token }]);
  expect(node.puts).toMatchObject([{ key, token, store: false }]);
  expect(node.failures).toEqual([{ key, token, error }]);
});
