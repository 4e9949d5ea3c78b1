import { setImmediate as turn } from "node:timers/promises";
import { ManualClock, silentLog } from "@kvring/core";
import { headers, type Msg } from "nats";
import { beforeEach, expect, test } from "vitest";
import { text } from "../contract/support.ts";
import { Follower } from "./follower.ts";
import type { Session } from "./session.ts";

/** A server of which the test is in control: it sees the consumers made, and speaks for them. */
class Script {
  readonly begun: number[] = [];
  readonly answered: string[] = [];
  readonly seen: string[] = [];
  readonly clock = new ManualClock();
  caughtUp = 0;
  #receive: (error: null, msg: Msg) => void = () => {};
  #next = 1;
  #onSession: (session: Session) => void = () => {};
  readonly #session = {
    nc: {
      subscribe: (_inbox: string, { callback }: { callback: (error: null, msg: Msg) => void }) => {
        this.#receive = callback;
        return { unsubscribe() {} };
      },
      publish: (subject: string) => this.answered.push(subject),
    },
    jsm: { consumers: { add: async () => ({ num_pending: 1 }) } },
  } as unknown as Session;

  readonly follower: Follower;

  constructor() {
    this.follower = new Follower({
      link: {
        current: this.#session,
        onSession: (listener) => {
          this.#onSession = listener;
          return { stop: async () => {} };
        },
      },
      clock: this.clock,
      log: silentLog,
      stream: "S",
      begin: async () => {
        this.begun.push(this.#next);
        return { opt_start_seq: this.#next };
      },
      onMessage: ({ body, delivery }) => {
        this.seen.push(text(body));
        this.#next = delivery.streamSequence + 1;
      },
      onCaughtUp: () => {
        this.caughtUp += 1;
      },
    });
  }

  async connect(): Promise<void> {
    this.#onSession(this.#session);
    await turn();
  }

  async message(consumerSequence: number, streamSequence: number, pending = 9): Promise<void> {
    this.#receive(null, {
      subject: "s.x",
      data: Buffer.from(`m${streamSequence}`),
      reply: `$JS.ACK.S.c.1.${streamSequence}.${consumerSequence}.0.${pending}`,
      respond: () => this.answered.push("message"),
    } as unknown as Msg);
    await turn();
  }

  async signal(text: string, fields: Record<string, string> = {}, code = 100): Promise<void> {
    const made = headers(code, text);
    for (const [name, value] of Object.entries(fields)) made.set(name, value);
    const respond = () => this.answered.push(text);
    this.#receive(null, { data: new Uint8Array(), headers: made, respond } as unknown as Msg);
    await turn();
  }

  heartbeat(lastGiven: number, fields: Record<string, string> = {}): Promise<void> {
    return this.signal("Idle Heartbeat", { "Nats-Last-Consumer": `${lastGiven}`, ...fields });
  }
}

let script: Script;

beforeEach(async () => {
  script = new Script();
  await script.connect();
  await script.message(1, 1);
  await script.message(2, 2);
  expect([script.begun, script.seen]).toEqual([[1], ["m1", "m2"]]);
});

test("after a gap nothing is passed on, and another consumer begins before it", async () => {
  await script.message(4, 4);
  expect([script.begun, script.seen]).toEqual([
    [1, 3],
    ["m1", "m2"],
  ]);
  await script.message(1, 3);
  await script.message(2, 4);
  expect(script.seen).toEqual(["m1", "m2", "m3", "m4"]);
});

test("a repetition is not passed on either", async () => {
  await script.message(2, 2);
  expect([script.begun, script.seen]).toEqual([
    [1, 3],
    ["m1", "m2"],
  ]);
});

test("a heartbeat that counts more than arrived shows a loss", async () => {
  await script.heartbeat(2);
  expect(script.begun).toEqual([1]);
  await script.heartbeat(3);
  expect(script.begun).toEqual([1, 3]);
});

test("silence shows that the consumer is gone, and heartbeats break it", async () => {
  script.clock.advance(1_500);
  await script.heartbeat(2);
  script.clock.advance(1_500);
  await turn();
  expect(script.begun).toEqual([1]);
  script.clock.advance(100);
  await turn();
  expect(script.begun).toEqual([1, 3]);
});

test("what waits for an answer gets one", async () => {
  await script.signal("FlowControl Request");
  await script.heartbeat(2, { "Nats-Consumer-Stalled": "$JS.FC.S.x" });
  expect(script.answered).toEqual(["FlowControl Request", "$JS.FC.S.x"]);
  expect(script.begun).toEqual([1]);
});

test("a status that ends the consumer begins another one", async () => {
  await script.signal("Consumer Deleted", {}, 409);
  expect(script.begun).toEqual([1, 3]);
});

test("a new connection begins another one", async () => {
  await script.connect();
  expect(script.begun).toEqual([1, 3]);
});

test("it tells when all that was there has been given", async () => {
  expect(script.caughtUp).toBe(0);
  await script.message(3, 3, 0);
  expect(script.caughtUp).toBe(1);
});

test("nothing is passed on after stop", async () => {
  await script.follower.stop();
  await script.message(3, 3);
  script.clock.advance(60_000);
  await script.connect();
  expect([script.begun, script.seen]).toEqual([[1], ["m1", "m2"]]);
});
