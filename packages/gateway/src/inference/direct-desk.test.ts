import { type Courier, courierBytes, createInProcessBus } from "@kvring/bus";
import { type KvringError, limits, ManualClock } from "@kvring/core";
import {
  type DirectReply,
  type DirectRequest,
  decodeDirectReply,
  encodeDirectRequest,
} from "@kvring/wire";
import { beforeEach, describe, expect, test } from "vitest";
import { DirectDesk } from "./direct-desk.ts";

let clock: ManualClock;
let desk: DirectDesk;
let courier: Courier;

beforeEach(async () => {
  clock = new ManualClock();
  courier = createInProcessBus({ clock }).courier;
  desk = new DirectDesk("gw-1", clock);
  await desk.serve(courier);
});

/** As a worker asks. */
async function ask(request: DirectRequest): Promise<DirectReply> {
  return decodeDirectReply(
    await courier.request(desk.address, encodeDirectRequest(request), 1_000),
  );
}

interface Heard {
  readonly answers: Uint8Array[];
  readonly failures: KvringError[];
}

function open(message: Uint8Array, waitMs = 5_000) {
  const heard: Heard = { answers: [], failures: [] };
  const job = desk.open(message, waitMs, {
    onAnswer: (entry) => heard.answers.push(entry),
    onFailed: (error) => heard.failures.push(error),
  });
  const begin = (offset = 0) => ask({ kind: "begin", token: job.token, offset });
  const piece = (offset: number, totalBytes: number, text: string) =>
    ask({ kind: "answer", token: job.token, offset, totalBytes, bytes: Buffer.from(text) });
  const said = () => heard.answers.map((entry) => Buffer.from(entry).toString());
  return { ...job, heard, begin, piece, said };
}

describe("the input of a direct job", () => {
  test("is handed out in pieces that fit a message, with the time that is left", async () => {
    const message = Buffer.alloc(courierBytes + 5_000, 1);
    message.fill(2, courierBytes);
    const { begin } = open(message);
    clock.advance(1_000);
    const first = await begin();
    expect(first).toMatchObject({ alive: true, remainingMs: 4_000 });
    const second = await begin(first.input.length);
    expect(Buffer.concat([first.input, second.input]).equals(message)).toBe(true);
    expect((await begin(message.length)).input).toHaveLength(0);
  });

  test("is for nobody when the time is over, the job closed, or the token unknown", async () => {
    const message = Buffer.from("request");
    const late = open(message, 100);
    clock.advance(100);
    expect(await late.begin()).toMatchObject({ alive: false, remainingMs: 0 });
    const closed = open(message);
    closed.close();
    expect(await closed.begin()).toMatchObject({ alive: false, input: Buffer.alloc(0) });
    const stranger = await ask({ kind: "begin", token: Buffer.alloc(16), offset: 0 });
    expect(stranger.alive).toBe(false);
  });
});

test("a direct job that two workers began and did not end is failed", async () => {
  const { begin, heard } = open(Buffer.from("request"));
  expect([(await begin()).alive, (await begin(3)).alive, (await begin()).alive]).toEqual([
    true,
    true,
    true,
  ]);
  expect(heard.failures).toEqual([]);
  expect((await begin()).alive).toBe(false);
  expect(heard.failures).toMatchObject([{ reason: "POISON_JOB" }]);
});

describe("the answer of a direct job", () => {
  test("is what its pieces are together, given once", async () => {
    const { piece, heard, said } = open(Buffer.from("request"));
    expect(await piece(0, 6, "abc")).toMatchObject({ alive: true });
    expect(heard.answers).toEqual([]);
    await piece(3, 6, "def");
    expect(said()).toEqual(["abcdef"]);
    expect(await piece(0, 6, "abc")).toMatchObject({ alive: false });
    expect(said()).toEqual(["abcdef"]);
  });

  test("is not changed by pieces that come again", async () => {
    const { piece, said } = open(Buffer.from("request"));
    for (const [offset, text] of [
      [0, "ab"],
      [0, "ab"],
      [2, "cd"],
      [0, "ab"],
      [2, "cd"],
      [4, "ef"],
    ] as const) {
      await piece(offset, 6, text);
    }
    expect(said()).toEqual(["abcdef"]);
  });

  test("waits for a piece that is missing", async () => {
    const { piece, said } = open(Buffer.from("request"));
    await piece(0, 6, "ab");
    await piece(4, 6, "ef");
    expect(said()).toEqual([]);
    await piece(2, 6, "cd");
    await piece(4, 6, "ef");
    expect(said()).toEqual(["abcdef"]);
  });

  test("is begun anew by another worker whose answer has another size", async () => {
    const { piece, said } = open(Buffer.from("request"));
    await piece(0, 6, "abc");
    await piece(0, 4, "wx");
    await piece(3, 6, "def");
    await piece(2, 4, "yz");
    expect(said()).toEqual(["wxyz"]);
  });

  test("is refused when it is too large, or larger than it says", async () => {
    const { piece, heard } = open(Buffer.from("request"));
    const tooLarge = expect.objectContaining({ reason: "MESSAGE_TOO_LARGE" });
    await expect(piece(0, limits.messageBytes + 1, "a")).rejects.toEqual(tooLarge);
    await expect(piece(2, 3, "ab")).rejects.toEqual(tooLarge);
    expect(heard).toEqual({ answers: [], failures: [] });
  });

  test("that cannot be read ends the wait", async () => {
    const failures: KvringError[] = [];
    const { token } = desk.open(Buffer.from("request"), 5_000, {
      onAnswer: () => {
        throw new Error("no entry");
      },
      onFailed: (error) => failures.push(error),
    });
    await ask({ kind: "answer", token, offset: 0, totalBytes: 1, bytes: Buffer.from("x") });
    expect(failures).toMatchObject([{ reason: "INTERNAL", message: "no entry" }]);
  });

  test("may be a failure, which is told once", async () => {
    const { token, heard } = open(Buffer.from("request"));
    const failure: DirectRequest = {
      kind: "failure",
      token,
      reason: "MODEL_FAILED",
      message: "NaN",
    };
    expect((await ask(failure)).alive).toBe(true);
    expect((await ask(failure)).alive).toBe(false);
    expect(heard.failures).toMatchObject([{ reason: "MODEL_FAILED", message: "NaN" }]);
    expect(heard.answers).toEqual([]);
  });
});

test("tokens are told apart, and nobody guesses one", () => {
  const [one, two] = [open(Buffer.from("a")), open(Buffer.from("b"))];
  expect(one.token).toHaveLength(16);
  expect(Buffer.compare(one.token, two.token)).not.toBe(0);
});

test("a desk that stopped is not there", async () => {
  await desk.stop();
  await expect(ask({ kind: "begin", token: Buffer.alloc(16), offset: 0 })).rejects.toMatchObject({
    reason: "BUS_UNAVAILABLE",
  });
});

test("garbage is refused, and the desk goes on", async () => {
  await expect(courier.request(desk.address, Buffer.from([0xff]), 1_000)).rejects.toMatchObject({
    reason: "MESSAGE_MALFORMED",
  });
  expect(await open(Buffer.from("request")).begin()).toMatchObject({ alive: true });
});
