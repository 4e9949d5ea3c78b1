import { ManualClock } from "@kvring/core";
import { connect } from "nats";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { eventually } from "../contract/support.ts";
import { type NatsServer, startNatsServer } from "../testing/index.ts";
import { connectNatsBus } from "./bus.ts";
import { natsNames } from "./names.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
});

afterAll(() => server.stop());

test("a member that falls silent without a good-bye is gone after three seconds", async () => {
  const clock = new ManualClock();
  const bus = await connectNatsBus({ servers: server.url, name: "observer", clock });
  const sets: string[][] = [];
  await bus.presence.watch("node", (members) => sets.push([...members.keys()].toSorted()));
  const steps: string[] = [];
  await bus.presence.watch("gateway", (members) => steps.push([...members.keys()].join()));
  await bus.presence.announce("node", "alive", Buffer.from("a"));
  const stranger = await connect({ servers: server.url });
  stranger.publish(natsNames("kvring").presenceSubject("node", "mortal"), Buffer.from("m"));
  await stranger.flush();
  await stranger.close();
  await eventually(() => expect(sets.at(-1)).toEqual(["alive", "mortal"]));
  for (const step of ["1", "2"]) {
    clock.advance(1_000);
    // What follows the heartbeat on its connection is heard after it.
    const announcement = await bus.presence.announce("gateway", step, Buffer.from(""));
    await eventually(() => expect(steps.at(-1)).toBe(step));
    await announcement.stop();
  }
  expect(sets.at(-1)).toEqual(["alive", "mortal"]);
  clock.advance(1_000);
  await eventually(() => expect(sets.at(-1)).toEqual(["alive"]));
  await bus.close();
});

test("a new watcher hears everybody at once, without waiting for their next heartbeats", async () => {
  const options = { servers: server.url, namespace: "ask" };
  // Its clock stands still, so it has no next heartbeat.
  const still = await connectNatsBus({ ...options, name: "still", clock: new ManualClock() });
  const observer = await connectNatsBus({ ...options, name: "observer" });
  await still.presence.announce("worker", "w1", Buffer.from("1"));
  // Returns when the server has read all that went before it on this connection.
  await still.courier.serve("fence", async (body) => body);
  const seen: string[] = [];
  await observer.presence.watch("worker", (members) => seen.push([...members.keys()].join()));
  await eventually(() => expect(seen).toEqual(["w1"]));
  await still.close();
  await eventually(() => expect(seen).toEqual(["w1", ""]));
  await observer.close();
});
