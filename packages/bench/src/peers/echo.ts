/**
 * The yardstick: a grpc-js service that reads a request and sends back fixed bytes. Nothing that
 * speaks gRPC through this library can be faster.
 */
import { serveRaw } from "./raw-service.ts";

const answer = Buffer.alloc(Number(process.argv[2] ?? 200), 0x2a);

await serveRaw((_call, callback) => callback(null, answer));
