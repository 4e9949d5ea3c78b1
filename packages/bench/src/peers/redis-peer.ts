/**
 * What one would write instead of kvring: a grpc-js service in front of Redis. The request's bytes
 * are hashed, the answer is kept as bytes, and ioredis sends the commands of one event-loop turn
 * together. The model behind it is fixed bytes: only hits are measured.
 *
 * Arguments: Redis' port, the answer's bytes.
 */
import { hash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { Redis } from "ioredis";
import { serveRaw } from "./raw-service.ts";

const [port, answerBytes] = process.argv.slice(2).map(Number);
const redis = new Redis({ host: "127.0.0.1", port: port ?? 6379, enableAutoPipelining: true });
const computed = Buffer.alloc(answerBytes ?? 200, 0x2a);
const ttlSeconds = 3_600;

async function infer(request: Buffer): Promise<Buffer> {
  const key = hash("sha256", request, "buffer");
  const found = await redis.getBuffer(key);
  if (found !== null) return found;
  await redis.set(key, computed, "EX", ttlSeconds);
  return computed;
}

await redis.ping();
await serveRaw((call, callback) => {
  infer(call.request).then(
    (answer) => callback(null, answer),
    (error: Error) => callback({ code: status.UNAVAILABLE, details: error.message }),
  );
});
