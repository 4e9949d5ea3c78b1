import type { Server } from "@grpc/grpc-js";
import { divert, type StreamTaker } from "../grpc/divert.ts";
import { readPlainHeaders } from "../grpc/plain-headers.ts";
import type { UnaryHandler } from "./call.ts";
import { type PlainOptions, PlainStream } from "./plain-stream.ts";

/**
 * Serves hot unary methods of a bound grpc-js server past grpc-js, which took a fifth of a hit's CPU
 * time (docs/adr-0018 of this package): those calls of them that ask for nothing unusual. Tells
 * whether it could; otherwise grpc-js serves them all.
 */
export function hasten(
  server: Server,
  handlers: ReadonlyMap<string, UnaryHandler>,
  options: Omit<PlainOptions, "handler">,
): boolean {
  const takers = new Map<string, StreamTaker>();
  for (const [path, handler] of handlers) {
    const method = { handler, ...options };
    takers.set(path, (stream, headers) => {
      const plain = readPlainHeaders(headers);
      if (plain === undefined) return false;
      new PlainStream(stream, headers, plain, method);
      return true;
    });
  }
  return divert(server, takers);
}
