import { setImmediate as turn } from "node:timers/promises";
import { ManualClock, silentLog } from "@kvring/core";
import { ErrorCode, NatsError } from "nats";
import { expect, test } from "vitest";
import { JobDurable } from "./job-durable.ts";
import { natsNames } from "./names.ts";
import type { Session } from "./session.ts";

type Call = "look at the stream" | "look" | "make" | "remove";

/** A server of which nothing is there but what `calls` shows; it answers as `answer` says. */
function serverThat(answer: (call: Call) => Promise<unknown>) {
  const calls: Call[] = [];
  const say = (call: Call) => {
    calls.push(call);
    return answer(call);
  };
  const session = () =>
    ({
      js: { consumers: { get: () => say("look") } },
      jsm: { consumers: { add: () => say("make"), delete: () => say("remove") } },
    }) as unknown as Session;
  return { calls, say, session };
}

const noAnswer = () => Promise.reject(NatsError.errorForCode(ErrorCode.Timeout));
const missing = () => Promise.reject(NatsError.errorForCode(ErrorCode.NoResponders));
const answered = async () => undefined;

function durableAt({ session, say, calls }: ReturnType<typeof serverThat>) {
  const clock = new ManualClock();
  let listen = (_session: Session) => {};
  const link = {
    current: session() as Session | undefined,
    onSession(listener: (session: Session) => void) {
      listen = listener;
      if (link.current !== undefined) listener(link.current);
      return { stop: answered };
    },
  };
  const durable = new JobDurable({
    digest: "aa".repeat(32),
    link,
    clock,
    log: silentLog,
    names: natsNames("kvring"),
    ackWaitMs: 2_000,
    ensure: async () => void (await say("look at the stream")),
    forget: () => {},
    random: () => 1,
  });
  /** The sessions in which it was said that jobs can be asked for. */
  const asked: Session[] = [];
  durable.onThere((there) => asked.push(there));
  return {
    durable,
    asked,
    calls: () => calls.splice(0),
    async passes(ms: number): Promise<void> {
      for (let leftMs = ms; leftMs > 0; leftMs -= 250) {
        await turn();
        clock.advance(250);
      }
      await turn();
    },
    lose(): void {
      link.current = undefined;
    },
    reconnect(): void {
      link.current = session();
      listen(link.current);
    },
  };
}

test("it is made where it is missing; whoever comes later asks at once", async () => {
  const { durable, asked, calls, passes } = durableAt(
    serverThat((call) => (call === "look" ? missing() : answered())),
  );
  expect(asked).toEqual([]);
  await passes(250);
  expect(calls()).toEqual(["look", "look at the stream", "make"]);
  expect(asked).toHaveLength(1);
  durable.onThere((session) => asked.push(session));
  expect(asked).toHaveLength(2);
  expect(calls()).toEqual([]);
});

test("after a reconnect it is looked for, and nothing is made", async () => {
  const { asked, calls, passes, reconnect } = durableAt(serverThat(answered));
  await passes(250);
  calls();
  reconnect();
  await passes(1_000);
  expect(calls()).toEqual(["look"]);
  expect(asked).toHaveLength(2);
  expect(asked[1]).not.toBe(asked[0]);
});

test("nobody is sent to a connection that was lost", async () => {
  const { durable, asked, passes, lose, reconnect } = durableAt(serverThat(answered));
  await passes(250);
  lose();
  durable.onThere((session) => asked.push(session));
  expect(asked).toHaveLength(1);
  reconnect();
  await passes(250);
  expect(asked).toHaveLength(3);
});

test("two doubts are one look, and one that answers is asked again", async () => {
  const { durable, asked, calls, passes } = durableAt(serverThat(answered));
  await passes(250);
  calls();
  durable.doubt();
  durable.doubt();
  expect(asked).toHaveLength(1);
  await passes(250);
  expect(calls()).toEqual(["look"]);
  expect(asked).toHaveLength(2);
});

test("one that is gone is made anew as soon as that is known", async () => {
  let isThere = true;
  const server = serverThat((call) => {
    if (call === "make") isThere = true;
    return call === "look" && !isThere ? missing() : answered();
  });
  const { durable, asked, calls, passes } = durableAt(server);
  await passes(250);
  calls();
  isThere = false;
  durable.doubt();
  await passes(250);
  expect(calls()).toEqual(["look", "look at the stream", "make"]);
  expect(asked).toHaveLength(2);
});

test("one that is being elected is waited for and never removed, however its stream is", async () => {
  let hasLeader = true;
  const server = serverThat((call) => (call === "look" && !hasLeader ? noAnswer() : answered()));
  const { durable, asked, calls, passes } = durableAt(server);
  await passes(250);
  calls();
  for (const electionMs of [4_000, 9_000, 14_000]) {
    hasLeader = false;
    durable.doubt();
    await passes(electionMs);
    hasLeader = true;
    await passes(500);
    const made = calls();
    expect(made).not.toContain("remove");
    expect(made).not.toContain("make");
  }
  expect(asked).toHaveLength(4);
});

test("one without a leader is made anew once its stream has had one for long", async () => {
  let hasLeader = true;
  const server = serverThat((call) => {
    if (call === "make") hasLeader = true;
    return call === "look" && !hasLeader ? noAnswer() : answered();
  });
  const { durable, asked, calls, passes } = durableAt(server);
  await passes(250);
  calls();
  hasLeader = false;
  durable.doubt();
  await passes(20_000);
  const made = calls();
  expect(made.filter((call) => call === "remove")).toHaveLength(1);
  expect(made.slice(-3)).toEqual(["remove", "look at the stream", "make"]);
  expect(asked).toHaveLength(2);
});

test("nothing is removed while the stream does not answer either", async () => {
  let isWell = true;
  const server = serverThat(() => (isWell ? answered() : noAnswer()));
  const { durable, asked, calls, passes } = durableAt(server);
  await passes(250);
  calls();
  isWell = false;
  durable.doubt();
  await passes(120_000);
  expect(calls()).not.toContain("remove");
  isWell = true;
  await passes(500);
  expect(asked).toHaveLength(2);
});

test("nor when its stream has answered before, and does again only now", async () => {
  let [hasLeader, streamAnswers] = [true, true];
  const server = serverThat((call) => {
    if (call === "look") return hasLeader ? answered() : noAnswer();
    return streamAnswers ? answered() : noAnswer();
  });
  const { durable, calls, passes } = durableAt(server);
  await passes(250);
  hasLeader = false;
  durable.doubt();
  // The patience is over, and the stream has been seen with a leader.
  await passes(12_000);
  streamAnswers = false;
  await passes(9_000);
  streamAnswers = true;
  await passes(3_000);
  expect(calls()).not.toContain("remove");
  await passes(6_000);
  expect(calls()).toContain("remove");
});

test("a lost connection ends the looking until there is another", async () => {
  const server = serverThat((call) => (call === "look" ? noAnswer() : answered()));
  const { durable, asked, calls, passes, lose, reconnect } = durableAt(server);
  await passes(1_000);
  lose();
  await passes(250);
  calls();
  await passes(2_000);
  expect(calls()).toEqual([]);
  reconnect();
  await passes(1_000);
  expect(calls()).toContain("look");
  expect(asked).toEqual([]);
  await durable.stop();
  durable.doubt();
  await passes(2_000);
  expect(calls()).toEqual([]);
});
