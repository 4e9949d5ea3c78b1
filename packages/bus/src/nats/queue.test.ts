import { connect } from "nats";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { bytes, digest, eventually, Gate, text } from "../contract/support.ts";
import type { Bus } from "../ports.ts";
import { type NatsServer, startNatsServer } from "../testing/index.ts";
import { connectNatsBus } from "./bus.ts";
import { natsNames } from "./names.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let server: NatsServer;
let bus: Bus;
let worlds = 0;

const model = digest("aa");
/** Short, so that a death shows soon; the default is two seconds. */
const ackWaitMs = 200;

beforeAll(async () => {
  server = await startNatsServer();
});

async function openBus(): Promise<string> {
  worlds += 1;
  const namespace = `queue${worlds}`;
  const logBytes = 16 * 1024 * 1024;
  bus = await connectNatsBus({
    servers: server.url,
    name: "queue",
    namespace,
    ackWaitMs,
    queueBytes: 16 * 1024 * 1024,
    logBytes,
  });
  return namespace;
}

afterEach(() => bus.close());
afterAll(() => server.stop());

function publish(body: string): Promise<void> {
  return bus.queue.publish({ digest: model, messageId: body, body: bytes(body), timeoutMs: 5_000 });
}

/** Another process takes a job and dies of it: its connection breaks without an acknowledgement. */
async function takeAndDie(namespace: string): Promise<string> {
  const names = natsNames(namespace);
  const nc = await connect({ servers: server.url });
  const consumer = await nc.jetstream().consumers.get(names.jobsStream, names.jobsConsumer(model));
  const job = await consumer.next({ expires: 3_000 });
  await nc.close();
  return job === null ? "nothing" : text(job.data);
}

test("a dead worker's job is given to another, and the third time to be failed", async () => {
  const namespace = await openBus();
  const seen: string[] = [];
  // Makes the consumer known; takes nothing itself.
  await (await bus.queue.consume({ digest: model, slots: 1, async handle() {} })).stop();
  await eventually(async () => {
    const nc = await connect({ servers: server.url });
    const names = natsNames(namespace);
    await nc.jetstream().consumers.get(names.jobsStream, names.jobsConsumer(model));
    await nc.close();
  });
  await publish("poison");
  expect(await takeAndDie(namespace)).toBe("poison");
  expect(await takeAndDie(namespace)).toBe("poison");
  await bus.queue.consume({
    digest: model,
    slots: 4,
    async handle({ body, deliveries }) {
      seen.push(`${text(body)} ${deliveries}`);
    },
  });
  await eventually(() => expect(seen).toEqual(["poison 3"]));
  await eventually(async () => expect(await bus.queue.depth()).toBe(0));
});

test("a job stays with a handler that takes longer than the server would wait", async () => {
  await openBus();
  const gate = new Gate();
  const takers = [0, 1].map(() =>
    bus.queue.consume({ digest: model, slots: 2, handle: () => gate.pass() }),
  );
  await Promise.all(takers);
  await publish("slow");
  await eventually(() => expect(gate.arrivals).toBe(1));
  // A job that was published later and acknowledged by its age proves that time went by.
  const nc = await connect({ servers: server.url });
  const jsm = await nc.jetstreamManager();
  const names = natsNames(`queue${worlds}`);
  const since = performance.now();
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(3 * ackWaitMs));
  const info = await jsm.consumers.info(names.jobsStream, names.jobsConsumer(model));
  await nc.close();
  expect(info.num_ack_pending).toBe(1);
  expect(info.num_redelivered).toBe(0);
  expect(gate.arrivals).toBe(1);
  gate.open();
  await eventually(async () => expect(await bus.queue.depth()).toBe(0));
});

test("a consumer that was deleted under its workers is made again", async () => {
  const namespace = await openBus();
  const names = natsNames(namespace);
  const seen: string[] = [];
  await bus.queue.consume({
    digest: model,
    slots: 2,
    handle: async ({ body }) => void seen.push(text(body)),
  });
  await publish("before");
  await eventually(() => expect(seen).toEqual(["before"]));
  const nc = await connect({ servers: server.url });
  const jsm = await nc.jetstreamManager();
  await jsm.consumers.delete(names.jobsStream, names.jobsConsumer(model));
  await nc.close();
  await publish("after");
  await eventually(() => expect(seen).toEqual(["before", "after"]));
});
