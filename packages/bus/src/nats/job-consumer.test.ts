import { setImmediate as turn } from "node:timers/promises";
import { ManualClock, silentLog } from "@kvring/core";
import { ErrorCode, NatsError } from "nats";
import { expect, test } from "vitest";
import { JobConsumer } from "./job-consumer.ts";
import { natsNames } from "./names.ts";
import type { Session } from "./session.ts";

const digest = "aa".repeat(32);

/** A server of which nothing is there but what `calls` shows; it answers as `answer` says. */
function serverThat(answer: (call: string) => Promise<unknown>) {
  const calls: string[] = [];
  const say = (call: string) => {
    calls.push(call);
    return answer(call);
  };
  const part = {
    nc: { subscribe: () => ({ unsubscribe() {} }), publish: () => void say("ask for a job") },
    jsm: { consumers: { add: () => say("add"), delete: () => say("delete") } },
  };
  return { calls, say, session: part as unknown as Session };
}

const noAnswer = () => Promise.reject(NatsError.errorForCode(ErrorCode.Timeout));
const answered = async () => undefined;

function consumerOf({ session, say }: ReturnType<typeof serverThat>) {
  const clock = new ManualClock();
  const consumer = new JobConsumer({
    digest,
    slots: 1,
    handle: answered,
    link: {
      current: session,
      onSession(listen) {
        listen(session);
        return { stop: answered };
      },
    },
    clock,
    log: silentLog,
    names: natsNames("kvring"),
    ackWaitMs: 2_000,
    ensure: async () => void (await say("look at the stream")),
    forget: () => {},
  });
  const attempts = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) {
      await turn();
      clock.advance(250);
    }
    await turn();
  };
  return { consumer, attempts };
}

test("a consumer that never answers is made anew when its stream is well", async () => {
  let isThere = true;
  const server = serverThat((call) => {
    if (call === "delete") isThere = false;
    return isThere && call === "add" ? noAnswer() : answered();
  });
  const { consumer, attempts } = consumerOf(server);
  await attempts(2);
  expect(server.calls).not.toContain("delete");
  await attempts(1);
  expect(server.calls.slice(-5)).toEqual([
    "look at the stream",
    "delete",
    "look at the stream",
    "add",
    "ask for a job",
  ]);
  consumer.halt();
});

test("nothing is removed while the stream does not answer either", async () => {
  const server = serverThat((call) =>
    server.calls.length > 6 || call === "add" ? noAnswer() : answered(),
  );
  const { consumer, attempts } = consumerOf(server);
  await attempts(20);
  expect(server.calls.length).toBeGreaterThan(20);
  expect(server.calls).not.toContain("delete");
  consumer.halt();
});

test("a consumer that is late now and then stays", async () => {
  let count = 0;
  const server = serverThat((call) => {
    if (call === "add") count += 1;
    return call === "add" && count % 3 !== 0 ? noAnswer() : answered();
  });
  const { consumer, attempts } = consumerOf(server);
  await attempts(10);
  expect(server.calls).toContain("ask for a job");
  expect(server.calls).not.toContain("delete");
  consumer.halt();
});
