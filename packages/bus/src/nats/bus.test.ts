import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { describeBus } from "../contract/bus.ts";
import type { Bus } from "../ports.ts";
import { type NatsServer, startNatsServer } from "../testing/index.ts";
import { connectNatsBus } from "./bus.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

/*
 * One server for all tests; each test has a namespace of its own in it, and so empty streams.
 */
let server: NatsServer;
let worlds = 0;
const open: Bus[] = [];

beforeAll(async () => {
  server = await startNatsServer();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

afterAll(() => server.stop());

describeBus("NATS", {
  async pair(limits) {
    worlds += 1;
    const options = {
      servers: server.url,
      namespace: `test${worlds}`,
      logBytes: 16 * 1024 * 1024,
      queueBytes: 16 * 1024 * 1024,
      ...limits,
    };
    const [one, two] = await Promise.all([
      connectNatsBus({ ...options, name: "one" }),
      connectNatsBus({ ...options, name: "two" }),
    ]);
    open.push(one, two);
    return { one, two };
  },
});
