import type { IncomingHttpHeaders } from "node:http2";

/** What a plain call says beside its message. */
export interface PlainHeaders {
  /** How long the client waits; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000001,
};

/** As grpc-js: a timer runs no longer. Beyond 24 days nobody waits. */
const mostMs = 2 ** 31 - 1;

/**
 * Reads the headers of a call that asks for nothing unusual: no compression, a timeout in its usual
 * form. Undefined for all others, which are left to grpc-js with all that it knows.
 */
export function readPlainHeaders(headers: IncomingHttpHeaders): PlainHeaders | undefined {
  const type = headers["content-type"];
  if (type !== "application/grpc" && type !== "application/grpc+proto") return undefined;
  if (headers[":method"] !== "POST") return undefined;
  const encoding = headers["grpc-encoding"];
  if (encoding !== undefined && encoding !== "identity") return undefined;
  const timeout = headers["grpc-timeout"];
  if (timeout === undefined) return { timeoutMs: undefined };
  if (typeof timeout !== "string") return undefined;
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(timeout) ?? [];
  if (digits === undefined) return undefined;
  // Whole milliseconds, rounded down, as grpc-js reads it.
  const timeoutMs = Math.floor(Number(digits) * (unitMs[unit] ?? 1));
  return timeoutMs <= mostMs ? { timeoutMs } : undefined;
}
