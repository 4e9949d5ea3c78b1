import { KvringError } from "@kvring/core";
import { checkDescriptor, type Member, type RingDescriptor } from "./descriptor.ts";

/** The descriptor as the registry keeps it: JSON, so that an operator can read it. */
export function encodeDescriptor({ version, members }: RingDescriptor): Uint8Array {
  return Buffer.from(JSON.stringify({ version, members }), "utf8");
}

/**
 * A descriptor that came from elsewhere, checked and frozen. Fields that this version does not
 * know are left out. Throws MESSAGE_MALFORMED, BAD_CONFIG or DUPLICATE_NODE.
 */
export function decodeDescriptor(bytes: Uint8Array): RingDescriptor {
  const { version, members } = fieldsOf(parse(bytes), "it is not an object");
  if (typeof version !== "number") throw malformed("it has no version");
  if (!Array.isArray(members)) throw malformed("it has no list of members");
  const decoded = Object.freeze(members.map(decodeMember));
  return Object.freeze(checkDescriptor({ version, members: decoded }));
}

function decodeMember(value: unknown): Member {
  const { id, address, zone, weight } = fieldsOf(value, "a member is not an object");
  if (typeof id !== "string" || typeof address !== "string" || typeof zone !== "string") {
    throw malformed("a member needs id, address and zone");
  }
  if (weight === undefined) return Object.freeze({ id, address, zone });
  if (typeof weight !== "number") throw malformed(`the weight of "${id}" is not a number`);
  return Object.freeze({ id, address, zone, weight });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (cause) {
    throw new KvringError("MESSAGE_MALFORMED", "a ring descriptor cannot be read: no JSON", {
      cause,
    });
  }
}

interface Fields {
  readonly version?: unknown;
  readonly members?: unknown;
  readonly id?: unknown;
  readonly address?: unknown;
  readonly zone?: unknown;
  readonly weight?: unknown;
}

function fieldsOf(value: unknown, why: string): Fields {
  if (typeof value === "object" && value !== null) return value;
  throw malformed(why);
}

function malformed(why: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `a ring descriptor cannot be read: ${why}`);
}
