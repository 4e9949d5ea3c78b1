/**
 * As the Redis peer, with memcached behind it. memjs sends what is asked without waiting for what
 * was asked before.
 *
 * Arguments: memcached's port, the answer's bytes.
 */
import { hash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { Client } from "memjs";
import { serveRaw } from "./raw-service.ts";

const [port, answerBytes] = process.argv.slice(2).map(Number);
const memcached = Client.create(`127.0.0.1:${port ?? 11211}`, { timeout: 5 });
const computed = Buffer.alloc(answerBytes ?? 200, 0x2a);
const ttlSeconds = 3_600;

await serveRaw((call, callback) => {
  const failed = (error: Error): void =>
    callback({ code: status.UNAVAILABLE, details: error.message });
  // Its keys are text.
  const key = hash("sha256", call.request, "base64url");
  memcached.get(key, (error, found) => {
    if (error !== null) failed(error);
    else if (found !== null) callback(null, found);
    else {
      memcached.set(key, computed, { expires: ttlSeconds }, (missed) => {
        if (missed === null) callback(null, computed);
        else failed(missed);
      });
    }
  });
});
