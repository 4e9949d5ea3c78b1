import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { formatListen, type Listen, type Log } from "@kvring/core";
import { type Check, judge } from "./checks.ts";
import { listenError } from "./listen-errors.ts";
import type { Metrics } from "./metrics.ts";

export interface HttpPortOptions {
  readonly listen: Listen;
  readonly metrics: Pick<Metrics, "render">;
  /** What must hold for the process to go on; a supervisor restarts it otherwise. */
  readonly live: readonly Check[];
  /** What must hold for it to be sent requests. */
  readonly ready: readonly Check[];
  readonly log: Log;
}

export interface HttpPort {
  /** HOST:PORT as bound. */
  readonly address: string;
  readonly port: number;
  /** Takes no more connections, lets answers under way end, and resolves when all are closed. */
  close(): Promise<void>;
}

/** A scrape and a few probes are all that comes here; more is somebody's mistake. */
const bounds = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
const maxConnections = 64;
const closeGraceMs = 500;

/**
 * The port for whoever operates a process: `/metrics`, `/livez` and `/readyz`. Throws PORT_IN_USE
 * or BAD_CONFIG when it cannot listen.
 */
export async function serveHttp(options: HttpPortOptions): Promise<HttpPort> {
  const server = createServer(bounds, (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log.error({ error, url: request.url }, "an HTTP request failed");
      if (!response.headersSent) reply(response, 500, "text/plain", "it failed; see the log\n");
      else response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  await listening(server, options.listen);
  // No more file descriptors, say: connections are refused meanwhile, the process goes on.
  server.on("error", (error) => options.log.warn({ error }, "the HTTP port has trouble"));
  const { port } = server.address() as AddressInfo;
  const address = formatListen({ host: options.listen.host, port });
  return { address, port, close: () => closed(server) };
}

function listening(server: Server, listen: Listen): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(listenError(error, listen));
    server.once("error", refuse);
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A peer that never ends its request does not keep a process from ending.
    const impatience = setTimeout(() => server.closeAllConnections(), closeGraceMs);
    server.close(() => {
      clearTimeout(impatience);
      resolve();
    });
  });
}

const paths = ["/metrics", "/livez", "/readyz"];

async function answer(
  { metrics, live, ready }: HttpPortOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  if (!paths.includes(path)) {
    reply(response, 404, "text/plain", `nothing here; there is ${paths.join(", ")}\n`);
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    reply(response, 405, "text/plain", `${path} is read with GET or HEAD\n`);
  } else if (path === "/metrics") {
    const { contentType, text } = await metrics.render();
    reply(response, 200, contentType, text);
  } else {
    replyVerdict(response, path === "/livez" ? live : ready);
  }
}

function replyVerdict(response: ServerResponse, checks: readonly Check[]): void {
  const { ok, checks: results } = judge(checks);
  const body = { status: ok ? "ok" : "failing", checks: results };
  reply(response, ok ? 200 : 503, "application/json", `${JSON.stringify(body)}\n`);
}

/** Node leaves the body out of an answer to HEAD, and keeps its length. */
function reply(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    "content-type": type.includes("charset") ? type : `${type}; charset=utf-8`,
    "content-length": body.byteLength,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}
