import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { KvringError } from "@kvring/core";
import { keyOf, valueWith } from "./keys.ts";

/** A server that keeps the same entries: how it is started, and what it is told and says per entry. */
interface Peer {
  readonly system: string;
  readonly command: string;
  readonly install: string;
  args(socket: string): string[];
  put(key: Buffer, value: Buffer): Buffer;
  readonly reply: string;
}

const ttlMs = 3_600_000;

export const redis: Peer = {
  system: "Redis",
  command: "redis-server",
  install: "apt-get install redis-server",
  args: (socket) => ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"],
  put: (key, value) =>
    Buffer.concat([
      Buffer.from(`*5\r\n$3\r\nSET\r\n$${key.length}\r\n`),
      key,
      Buffer.from(`\r\n$${value.length}\r\n`),
      value,
      Buffer.from(`\r\n$2\r\nPX\r\n$${String(ttlMs).length}\r\n${ttlMs}\r\n`),
    ]),
  reply: "+OK\r\n",
};

export const memcached: Peer = {
  system: "memcached",
  command: "memcached",
  install: "apt-get install memcached",
  // Room for all, and one thread, as it is alone. Root must be named: another user could not bind
  // a socket in our directory.
  args: (socket) => ["-s", socket, "-m", "8192", "-t", "1", "-u", userInfo().username],
  // Bytes as keys: base64 on the wire, bytes in memory.
  put: (key, value) =>
    Buffer.concat([
      Buffer.from(`ms ${key.toString("base64")} ${value.length} b T${ttlMs / 1000}\r\n`),
      value,
      Buffer.from("\r\n"),
    ]),
  reply: "HD\r\n",
};

/**
 * How many bytes a server's process grows by per entry, its value not counted. Undefined where the
 * server is not installed, which is said on stderr.
 */
export async function memoryBeyondValues(
  peer: Peer,
  entries: number,
  valueBytes: number,
): Promise<number | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "kvring-peer-"));
  const socket = join(directory, "socket");
  const child = spawn(peer.command, peer.args(socket), { cwd: directory, stdio: "ignore" });
  try {
    const isThere = await Promise.race([
      once(child, "spawn").then(() => true),
      once(child, "error").then(() => false),
    ]);
    if (!isThere) {
      process.stderr.write(`${peer.system} is left out: it is not installed (${peer.install})\n`);
      return undefined;
    }
    await pour(socket, peer, 1, valueBytes);
    const before = rssBytes(child);
    await pour(socket, peer, entries, valueBytes);
    return (rssBytes(child) - before) / entries - valueBytes;
  } finally {
    const hasEnded = child.exitCode !== null || child.pid === undefined;
    child.kill();
    if (!hasEnded) await once(child, "exit");
    rmSync(directory, { recursive: true, force: true });
  }
}

const connectTries = 100;
const betweenTriesMs = 50;

/** Puts entries, many under way at a time, and waits for all replies. */
async function pour(socket: string, peer: Peer, entries: number, bytes: number): Promise<void> {
  const stream = await connected(socket);
  const value = valueWith(bytes);
  let repliedBytes = 0;
  const answered = new Promise<void>((resolve, reject) => {
    stream.on("data", (data: Buffer) => {
      repliedBytes += data.length;
      if (/ERR/.test(data.toString("latin1", 0, 64))) reject(refusal(peer, data));
      if (repliedBytes === entries * peer.reply.length) resolve();
    });
    stream.on("error", reject);
    stream.on("close", () => reject(refusal(peer, Buffer.from("it closed the connection"))));
  });
  for (let n = 0; n < entries; n++) {
    if (!stream.write(peer.put(keyOf(n), value)))
      await Promise.race([once(stream, "drain"), answered]);
  }
  await answered;
  stream.destroy();
}

async function connected(socket: string): Promise<ReturnType<typeof connect>> {
  for (let tried = 1; ; tried++) {
    const stream = connect(socket);
    try {
      await once(stream, "connect");
      return stream;
    } catch (error) {
      if (tried === connectTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
    }
  }
}

function refusal(peer: Peer, said: Buffer): KvringError {
  return new KvringError(
    "INTERNAL",
    `${peer.system} refused an entry: ${said.toString("latin1", 0, 200)}`,
  );
}

function rssBytes({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
