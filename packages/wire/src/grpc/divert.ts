import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";

type OnStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  ...more: unknown[]
) => void;

/** Serves a stream that nobody has touched yet, or says that it does not and leaves it alone. */
export type StreamTaker = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/**
 * Takes the streams of some methods, by path, past grpc-js' layers of interception, metadata and
 * tracing, on the connections of a bound grpc-js server.
 *
 * Connections stay grpc-js': their limits, keepalive, TLS, and GOAWAY when the server drains. What
 * no taker takes goes where it would have gone. Tells whether it could: grpc-js keeps its HTTP/2
 * servers in a private field, and where that is not what it was, grpc-js serves everything, as
 * correct and slower.
 */
export function divert(server: Server, takers: ReadonlyMap<string, StreamTaker>): boolean {
  const servers = http2Servers(server);
  for (const http2Server of servers) {
    const others = http2Server.listeners("stream") as OnStream[];
    http2Server.removeAllListeners("stream");
    http2Server.on("stream", (stream, headers, ...more: unknown[]) => {
      const take = takers.get(headers[":path"] ?? "");
      if (take?.(stream, headers) === true) return;
      for (const other of others) other(stream, headers, ...more);
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
