import { z } from "zod";
import { checkRecord, decodeRecord, encodeRecord } from "./json-record.ts";
import type { Announcement, Presence, PresenceKind, Stoppable } from "./ports.ts";

const id = z.string().min(1).max(128);
const incarnation = z.string().min(1).max(64);

const records = {
  worker: z.object({
    id,
    incarnation: z.exactOptional(incarnation),
    /** The artifacts it computes. */
    digests: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(10_000),
    /** What lies in its repository and cannot be served, and why. */
    rejected: z
      .array(z.object({ name: z.string(), version: z.string(), reason: z.string() }))
      .max(10_000),
  }),
  node: z.object({
    id,
    incarnation,
    /** host:port of its gRPC server. */
    address: z.string().min(3).max(256),
    zone: z.string().max(64),
    state: z.enum(["active", "joining", "draining"]),
    /** The ring up to which it has given away what became somebody else's. */
    settledRing: z.exactOptional(z.int().nonnegative()),
  }),
  gateway: z.object({
    id,
    incarnation: z.exactOptional(incarnation),
    /** host:port of its gRPC server. */
    address: z.exactOptional(z.string().min(3).max(256)),
    /** What it says about the nodes of the ring it routes by. */
    nodes: z.exactOptional(
      z.object({
        ring: z.int().nonnegative(),
        reached: z.int().nonnegative(),
        /** The incarnations that it has not heard for too long. */
        silent: z.array(incarnation).max(4096),
      }),
    ),
  }),
} as const satisfies Record<PresenceKind, z.ZodType>;

type Records = { readonly [K in PresenceKind]: Readonly<z.infer<(typeof records)[K]>> };

export type WorkerRecord = Records["worker"];
export type NodeRecord = Records["node"];
export type GatewayRecord = Records["gateway"];

/** An announcement of a typed record. */
export interface RecordAnnouncement<K extends PresenceKind> extends Stoppable {
  update(record: Records[K]): Promise<void>;
}

/** Announces `record` under its id until stopped. Throws BAD_CONFIG when it cannot be carried. */
export async function announceRecord<K extends PresenceKind>(
  presence: Presence,
  kind: K,
  record: Records[K],
): Promise<RecordAnnouncement<K>> {
  const what = `the presence of ${kind} "${record.id}"`;
  const encode = (value: Records[K]) =>
    encodeRecord(checkRecord(schemaOf(kind), value, { reason: "BAD_CONFIG", what }));
  const announcement: Announcement = await presence.announce(kind, record.id, encode(record));
  return {
    update: (next) => announcement.update(encode(next)),
    stop: () => announcement.stop(),
  };
}

/** The present ones by id, whenever they change. Records that cannot be read are left out. */
export function watchRecords<K extends PresenceKind>(
  presence: Presence,
  kind: K,
  onChange: (members: ReadonlyMap<string, Records[K]>) => void,
): Promise<Stoppable> {
  const schema = schemaOf(kind);
  return presence.watch(kind, (members) => {
    const readable = new Map<string, Records[K]>();
    for (const [memberId, bytes] of members) {
      const record = decodeRecord(schema, bytes);
      if (record?.id === memberId) readable.set(memberId, record);
    }
    onChange(readable);
  });
}

/** The compiler does not see that a schema of kind K gives records of kind K. */
function schemaOf<K extends PresenceKind>(kind: K): z.ZodType<Records[K]> {
  return records[kind] as unknown as z.ZodType<Records[K]>;
}
