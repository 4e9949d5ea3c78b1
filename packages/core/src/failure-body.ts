import { KvringError } from "./errors.ts";

/** What the body of an entry with `isFailure` holds: why the model has no answer to this input. */
export function encodeFailure({ reason, message }: KvringError): Uint8Array {
  return Buffer.from(JSON.stringify({ reason, message }));
}

/** Throws ENTRY_MALFORMED. */
export function decodeFailure(body: Uint8Array): KvringError {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(body).toString());
  } catch (cause) {
    throw new KvringError("ENTRY_MALFORMED", "a remembered failure is not JSON", { cause });
  }
  if (typeof fields === "object" && fields !== null && "reason" in fields && "message" in fields) {
    return KvringError.fromWire(String(fields.reason), String(fields.message));
  }
  throw new KvringError("ENTRY_MALFORMED", "a remembered failure says no reason");
}
