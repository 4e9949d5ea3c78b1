import { isLoopback, isNodeId, nodeIdRule, parseListen } from "@kvring/core";
import { z } from "zod";

/** Kinds of values, from a flag, a variable or a file: text or JSON in, the typed value out. */

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};

const sizeText = 'a size, as in "512MiB" or 1048576';

/** "512MiB", "1GiB", or a number of bytes. */
const size = z.union([z.string(), z.number()], sizeText).transform((value, context) => {
  const [, digits, unit = "B"] = /^(\d+(?:\.\d+)?)\s*([KMG]i?B|B)?$/.exec(String(value)) ?? [];
  if (digits !== undefined) return Math.floor(Number(digits) * (unitBytes[unit] ?? 1));
  context.addIssue({ code: "custom", message: sizeText });
  return z.NEVER;
});

const leastBytes = 1024 * 1024;

export const bytes = size.pipe(z.number().min(leastBytes, "a size of at least 1MiB"));

/** A size, or 0 for none. */
export const bytesOrNone = size.refine(
  (value) => value === 0 || value >= leastBytes,
  "a size of at least 1MiB, or 0 to switch it off",
);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const durationText = 'a duration, as in "250ms" or "15s"';

/** "250ms", "15s", "2m", "24h", or a number of milliseconds. */
export const durationMs = z
  .union([z.string(), z.number()], durationText)
  .transform((value, context) => {
    const [, digits, unit = "ms"] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(String(value)) ?? [];
    if (digits !== undefined) return Number(digits) * (unitMs[unit] ?? 1);
    context.addIssue({ code: "custom", message: durationText });
    return z.NEVER;
  });

export function count(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return z
    .union([z.string().regex(/^\d+$/, expected), z.number()], expected)
    .transform(Number)
    .pipe(z.number(expected).int(expected).min(least, expected).max(most, expected));
}

const addressText = 'an address, as in "127.0.0.1:8001"';

/** "host:port", port 0 for any free one. */
export const listen = z.string(addressText).transform((value, context) => {
  try {
    parseListen(value);
    return value;
  } catch {
    context.addIssue({ code: "custom", message: addressText });
    return z.NEVER;
  }
});

export const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((v) => v === "true")],
  "true or false",
);

export const text = z.string("some text").min(1, "some text");

const nameText = "a name: letters, digits, _ and -, first a letter or digit, at most 31";

/** What names processes and zones: with its incarnation behind it, a process has an id of 64. */
export const name = z.string(nameText).regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/, nameText);

/** A place on the ring. */
export const nodeId = z.string(nodeIdRule).refine(isNodeId, nodeIdRule);

const urlText = 'one or more NATS URLs, as in "nats://127.0.0.1:4222"';

export const natsUrl = z.string(urlText).regex(/^(nats|tls):\/\/\S+$/, urlText);

/** Without TLS, listening beyond this machine is a decision somebody has to make. */
export function needsInsecure(address: string): boolean {
  return !isLoopback(parseListen(address).host);
}
