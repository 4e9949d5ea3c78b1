import { KvringError } from "@kvring/core";
import { z } from "zod";
import { durationMs } from "../config/values.ts";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A capacity of a replay, which may be smaller than a store's. Throws BAD_CONFIG. */
export function bytesOf(flag: string, text: string): number {
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]iB)?\s*$/.exec(text) ?? [];
  const bytes = Math.floor(Number(digits ?? 0) * (unitBytes[unit] ?? 0));
  if (bytes >= 1) return bytes;
  throw new KvringError(
    "BAD_CONFIG",
    `${flag} is "${text}", but must be sizes from 1, as in "128MiB" or 1048576`,
  );
}

/** Throws BAD_CONFIG. */
export function durationMsOf(flag: string, text: string): number {
  const parsed = durationMs.pipe(z.number().positive()).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new KvringError("BAD_CONFIG", `${flag} is "${text}", but must be a duration, as in "15s"`);
}
