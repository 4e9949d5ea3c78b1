import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { KvringError } from "./errors.ts";

/** Where a server listens. */
export interface Listen {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

const hostNamePattern =
  /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/;

/** Reads "127.0.0.1:8001", "localhost:0" or "[::1]:8001". Throws BAD_CONFIG. */
export function parseListen(text: string): Listen {
  const { host, port } = split(text);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw bad(text, "the port is a number from 0 to 65535 (0: any free one)");
  }
  return { host, port: Number(port) };
}

function split(text: string): { readonly host: string; readonly port: string } {
  if (text.startsWith("[")) {
    const end = text.indexOf("]:");
    const host = text.slice(1, end);
    if (end < 0) throw bad(text, 'after the address come "]", a colon and a port');
    if (!isIPv6(host)) throw bad(text, "between the brackets stands no IPv6 address");
    return { host, port: text.slice(end + 2) };
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw bad(text, "a host, a colon and a port are expected");
  const host = text.slice(0, colon);
  if (host.includes(":")) throw bad(text, "an IPv6 address stands in brackets");
  if (host === "" || host === "*") throw bad(text, 'for all interfaces, say "0.0.0.0"');
  if (!isHost(host)) throw bad(text, "the host is neither a name nor an address");
  return { host, port: text.slice(colon + 1) };
}

/** What ends in a number is an address, and then it must be one. */
function isHost(host: string): boolean {
  if (host.length > 253) return false;
  return /(?:^|\.)\d+\.?$/.test(host) ? isIPv4(host) : hostNamePattern.test(host);
}

/** The text that `parseListen` reads: "127.0.0.1:8001", "[::1]:8001". */
export function formatListen({ host, port }: Listen): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine can reach the host. Names other than "localhost" are not resolved. */
export function isLoopback(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return loopback.check(host, "ipv4");
    case 6:
      return loopback.check(host, "ipv6");
    default:
      return host.toLowerCase() === "localhost";
  }
}

function bad(text: string, why: string): KvringError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new KvringError(
    "BAD_CONFIG",
    `${shown} is not an address to listen on, as "127.0.0.1:8001" or "[::1]:8001" would be: ${why}`,
  );
}
