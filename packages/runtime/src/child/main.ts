/** A process that runs models, started and fed by `ChildProcess` over file descriptor 3. */
import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { KvringError } from "@kvring/core";
import { FrameReader } from "./frames.ts";
import { decodeRequest, encodeReply, type Reply } from "./messages.ts";
import { Sessions } from "./sessions.ts";

// A terminal's ^C and a service manager's stop reach the whole group of processes. The parent
// drains first, and for that it needs us; when it goes, the lifeline takes us with it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

preferredByTheKernel();
new Worker(new URL("./lifeline.ts", import.meta.url));

const sessions = new Sessions();
const socket = new Socket({ fd: 3 });
const reader = new FrameReader((frame) => {
  void sessions.answer(decodeRequest(frame)).then(send);
});
socket.on("data", (chunk: Uint8Array) => reader.push(chunk));
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(0));
send({ kind: "ready" });

/** When memory runs out, the process to die is the one that is restarted, not one beside it. */
function preferredByTheKernel(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "500");
  } catch {
    // Only Linux asks.
  }
}

function send(reply: Reply): void {
  socket.cork();
  for (const piece of pieces(reply)) socket.write(piece);
  socket.uncork();
}

function pieces(reply: Reply): Uint8Array[] {
  try {
    return encodeReply(reply);
  } catch (error) {
    return encodeReply({ kind: "failed", error: KvringError.from(error) });
  }
}
