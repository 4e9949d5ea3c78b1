import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { UnaryHandler } from "./call.ts";
import { readPlainHeaders } from "./plain-headers.ts";
import { type PlainOptions, PlainStream } from "./plain-stream.ts";

type OnStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  ...more: unknown[]
) => void;

/**
 * Serves hot unary methods of a bound grpc-js server past its layers of interception, metadata and
 * tracing, which took a fifth of a hit's CPU time (docs/adr-0018 of this package).
 *
 * Connections stay grpc-js': their limits, keepalive, TLS, and GOAWAY when the server drains. Of the
 * streams on them, those that call a hot method and ask for nothing unusual are served here; all
 * others go where they would have gone. Tells whether it could: grpc-js keeps its HTTP/2 servers in
 * a private field, and where that is not what it was, it serves everything, as correct and slower.
 */
export function hasten(
  server: Server,
  handlers: ReadonlyMap<string, UnaryHandler>,
  options: Omit<PlainOptions, "handler">,
): boolean {
  const served = new Map([...handlers].map(([path, handler]) => [path, { handler, ...options }]));
  const servers = http2Servers(server);
  for (const http2Server of servers) {
    const others = http2Server.listeners("stream") as OnStream[];
    http2Server.removeAllListeners("stream");
    http2Server.on("stream", (stream, headers, ...more: unknown[]) => {
      const method = served.get(headers[":path"] ?? "");
      const plain = method === undefined ? undefined : readPlainHeaders(headers);
      if (method === undefined || plain === undefined) {
        for (const other of others) other(stream, headers, ...more);
      } else {
        new PlainStream(stream, headers, plain, method);
      }
    });
  }
  return servers.length > 0;
}

/**
 * Those that have the one listener that we know how to stand in for. None where interceptors were
 * set: whatever they are there for, no call may slip past them.
 */
function http2Servers(server: Server): Http2Server[] {
  const servers: unknown = Reflect.get(server, "http2Servers");
  const interceptors: unknown = Reflect.get(server, "interceptors");
  if (!(servers instanceof Map) || !Array.isArray(interceptors) || interceptors.length > 0)
    return [];
  return [...servers.keys()].filter(isHttp2Server);
}

function isHttp2Server(candidate: unknown): candidate is Http2Server {
  return (
    typeof candidate === "object" &&
    candidate !== null &&
    "listenerCount" in candidate &&
    typeof candidate.listenerCount === "function" &&
    candidate.listenerCount("stream") === 1
  );
}
