import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type ServerProcess, startServer } from "@kvring/cli/testing";
import { KvringError } from "@kvring/core";
import type { System } from "../system/system.ts";

/** A bare grpc-js service that answers with so many bytes. */
export async function startEcho(answerBytes: number): Promise<System> {
  return systemOf("grpc-js echo", await startServer(script("echo"), [String(answerBytes)]));
}

/** grpc-js and ioredis with auto-pipelining in front of Redis. */
export async function startRedisPeer(answerBytes: number): Promise<System> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const redis = await startStore("redis-server", args, port);
  const service = await startServer(script("redis-peer"), [String(port), String(answerBytes)]);
  return systemOf("grpc-js + ioredis + Redis", service, redis);
}

/** grpc-js and memjs in front of memcached. */
export async function startMemcachedPeer(answerBytes: number): Promise<System> {
  const port = await freePort();
  const args = ["-p", String(port), "-l", "127.0.0.1", "-U", "0", "-m", "256", "-u", "nobody"];
  const memcached = await startStore("memcached", args, port);
  const service = await startServer(script("memcached-peer"), [String(port), String(answerBytes)]);
  return systemOf("grpc-js + memjs + memcached", service, memcached);
}

const script = (name: string): string => join(import.meta.dirname, `${name}.ts`);

function systemOf(name: string, service: ServerProcess, store?: Store): System {
  return {
    name,
    address: service.addresses["grpc"] ?? "",
    pids: store === undefined ? [service.pid] : [service.pid, store.pid],
    async stop() {
      await service.stop();
      await store?.stop();
    },
  };
}

interface Store {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts somebody else's server and waits until it can be connected to. */
async function startStore(command: string, args: readonly string[], port: number): Promise<Store> {
  const child = spawn(command, args, { stdio: "ignore" });
  const exited = once(child, "exit");
  const killed = (): boolean => child.kill("SIGKILL");
  process.once("exit", killed);
  await listens(child, port);
  return {
    pid: child.pid ?? 0,
    async stop() {
      process.off("exit", killed);
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function listens(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const [answer] = await Promise.race([
      once(socket, "connect").then(() => ["connected"]),
      once(socket, "error").then(() => ["refused"]),
    ]).catch(() => ["refused"]);
    socket.destroy();
    if (answer === "connected") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new KvringError("INTERNAL", `${child.spawnfile} ended with ${child.exitCode} at its start`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
