import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { silentLog, systemClock } from "@kvring/core";
import { afterEach, expect, test, vi } from "vitest";
import { startNatsServer } from "../testing/index.ts";
import { NatsLink } from "./link.ts";
import { parseServers } from "./servers.ts";

// Real servers, and other tests beside us on few cores.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

test("a server that takes nothing in and says nothing is given up, whatever waits to be sent", async () => {
  const server = await startNatsServer();
  open.push(server);
  const proxy = await startProxy(server.port);
  open.push(proxy);
  const link = new NatsLink({
    servers: parseServers(`nats://127.0.0.1:${proxy.port}`),
    name: "link",
    clock: systemClock,
    log: silentLog,
    pingMs: 100,
  });
  open.push({ stop: () => link.close() });
  await link.open();
  const { nc } = await link.session(5_000);
  const lost = new Promise<void>((resolve) => link.onLoss(resolve));
  proxy.stall();
  // More than the kernel buffers on both sides of the proxy hold.
  for (let sent = 0; sent < 32; sent += 1) nc.publish("anything", Buffer.alloc(512 * 1024));
  await lost;
  const again = await link.session(10_000);
  expect(again.nc).not.toBe(nc);
  expect(link.status).toEqual({ state: "connected" });
});

interface Proxy {
  readonly port: number;
  /** What is connected now is neither read nor written any more; new connections work. */
  stall(): void;
  stop(): Promise<void>;
}

async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
