import { KvringError } from "@kvring/core";

/** Where NATS is and how to log in, as the client takes it. */
export interface NatsServers {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Present where one of the servers is to be spoken to by TLS. */
  readonly tls?: Record<string, never>;
}

/**
 * `nats://[user:password@|token@]host[:port]`, several parted by commas; the first credentials
 * count for all. Throws BAD_CONFIG.
 */
export function parseServers(urls: string | readonly string[]): NatsServers {
  const list = (typeof urls === "string" ? urls.split(",") : urls).map((url) => url.trim());
  const parsed = list.filter((url) => url !== "").map(parseServer);
  if (parsed.length === 0) throw badServer("", "no server is named");
  const places = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const encrypted = parsed.some(({ protocol }) => protocol === "tls:");
  const servers = { servers: places, ...(encrypted && { tls: {} }) };
  const login = parsed.find(({ username }) => username !== "");
  if (login === undefined) return servers;
  const user = decodeURIComponent(login.username);
  if (login.password === "") return { ...servers, token: user };
  return { ...servers, user, pass: decodeURIComponent(login.password) };
}

function parseServer(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (url === null) throw badServer(text, "it is not a URL");
  if (url.protocol !== "nats:" && url.protocol !== "tls:") {
    throw badServer(text, `${url.protocol}// is not spoken`);
  }
  if (url.hostname === "") throw badServer(text, "the host is missing");
  if ((url.pathname !== "" && url.pathname !== "/") || url.search !== "" || url.hash !== "") {
    throw badServer(text, "nothing may follow the port");
  }
  return url;
}

function badServer(text: string, why: string): KvringError {
  return new KvringError(
    "BAD_CONFIG",
    `"${text}" does not name a NATS server: ${why}; it looks like nats://127.0.0.1:4222`,
  );
}

/** For logs and sentences: without credentials. */
export function readableServers({ servers }: NatsServers): string {
  return servers.join(", ");
}
