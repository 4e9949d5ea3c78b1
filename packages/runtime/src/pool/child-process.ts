import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Log } from "@kvring/core";
import { FrameReader } from "../child/frames.ts";
import { decodeReply, encodeRequest, type Reply, type Request } from "../child/messages.ts";

const main = fileURLToPath(new URL("../child/main.ts", import.meta.url));
const stderrBytes = 8 * 1024;

/** A process that runs models, as its slot sees it. */
export interface Child {
  readonly pid: number;
  /** Throws MESSAGE_TOO_LARGE, having sent nothing. */
  send(request: Request): void;
  /** `why` is told by `onExit` in place of what the system says. */
  kill(why?: string): void;
}

export interface ChildEvents {
  onReply(reply: Reply): void;
  /** Once, after the last reply; `why` completes "the process …". */
  onExit(why: string): void;
}

export type StartChild = (events: ChildEvents) => Child;

/**
 * Starts `child/main.ts` under the running Node. Its file descriptor 3 is one end of a Unix domain
 * socket that has no name, so nobody else can dial it: 600 KB there and back take half the time,
 * and half our CPU, of `fork` with its messages. Its standard input is its lifeline.
 */
export function startChild(log: Log, events: ChildEvents): Child {
  try {
    return started(spawnChild(), log, events);
  } catch (error) {
    // Short of memory, Node throws here. The slot must first know its child, then of its end.
    queueMicrotask(() => events.onExit(`could not be started: ${String(error)}`));
    return { pid: -1, send() {}, kill() {} };
  }
}

function spawnChild(): ChildProcess {
  return spawn(process.execPath, [main], {
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: childEnvironment(),
  });
}

function started(child: ChildProcess, log: Log, { onReply, onExit }: ChildEvents): Child {
  let fault: string | undefined;
  const kill = (why?: string) => {
    fault ??= why;
    child.kill("SIGKILL");
  };
  // Where it cannot even be started there is no process, and there may be no streams.
  child.on("error", (error) => {
    fault ??= `could not be started: ${error.message}`;
    if (child.pid === undefined) onExit(fault);
  });
  const socket = socketOf(child);
  const said = new Tail(child.stderr, child.pid, log);
  const reader = new FrameReader((frame) => onReply(decodeReply(frame)));
  socket?.on("data", (chunk: Uint8Array) => {
    try {
      reader.push(chunk);
    } catch (error) {
      kill(`said what nobody understands: ${String(error)}`);
    }
  });
  // Its death breaks what we were writing to it; "close" tells of it when all it said was read.
  socket?.on("error", () => {});
  child.stdin?.on("error", () => {});
  child.on("close", (code, signal) => {
    if (child.pid === undefined) return;
    onExit(
      fault ?? `${signal === null ? `exited with ${code}` : `died of ${signal}`}${said.end()}`,
    );
  });
  return { pid: child.pid ?? -1, send: (request) => write(socket, encodeRequest(request)), kill };
}

function write(socket: Socket | undefined, pieces: readonly Uint8Array[]): void {
  socket?.cork();
  for (const piece of pieces) socket?.write(piece);
  socket?.uncork();
}

/** A debugger's port or a loader given to this process is not meant for its children. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return environment;
}

function socketOf(child: ChildProcess): Socket | undefined {
  const end: unknown = child.stdio?.[3];
  return end instanceof Socket ? end : undefined;
}

/** The last of what a child wrote on stderr: why it died, in V8's or the system's own words. */
class Tail {
  #text = "";

  constructor(stderr: Readable | null, pid: number | undefined, log: Log) {
    stderr?.setEncoding("utf8");
    stderr?.on("data", (text: string) => {
      this.#text = (this.#text + text).slice(-stderrBytes);
      log.debug({ pid, text: text.slice(0, stderrBytes) }, "a process that runs models wrote");
    });
  }

  /** The line that names the cause, to be put behind a sentence; empty when there is none. */
  end(): string {
    const lines = this.#text.split("\n").map((line) => line.trim());
    const cause = lines.find((line) => /error|fatal|what\(\)/i.test(line));
    return cause === undefined ? "" : `: ${cause.slice(0, 300)}`;
  }
}
