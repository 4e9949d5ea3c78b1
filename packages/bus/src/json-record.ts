import { KvringError, type Reason } from "@kvring/core";
import { z } from "zod";

/** A record as the bus carries it: JSON, checked by its schema whenever it is read. */
export function encodeRecord<T>(record: T): Uint8Array {
  return Buffer.from(JSON.stringify(record), "utf8");
}

/**
 * Undefined when the bytes are not such a record: another version wrote it, or somebody's hand.
 * Fields that this version does not know are left out.
 */
export function decodeRecord<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What we are about to write, as its schema has it; `reason` with what is wrong otherwise. */
export function checkRecord<T>(
  schema: z.ZodType<T>,
  record: unknown,
  refusal: { readonly reason: Reason; readonly what: string },
): T {
  const parsed = schema.safeParse(record);
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error).replaceAll(/\s+/g, " ");
  throw new KvringError(refusal.reason, `${refusal.what} cannot be written: ${why}`);
}
