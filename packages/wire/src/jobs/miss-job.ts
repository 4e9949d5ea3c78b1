import { isPolicyName, type PolicyName, type Position, type ScopeId } from "@kvring/core";
import { ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import { ProtoWriter } from "../protobuf/writer.ts";

/** One computation that somebody waits for; `kvring.v1.MissJob`. */
export interface MissJob {
  readonly key: Uint8Array;
  readonly token: Uint8Array;
  readonly model: string;
  readonly version: string;
  /** 64 hex digits. */
  readonly digest: string;
  readonly born: Position;
  readonly scopes: readonly ScopeId[];
  readonly ttlMs: number;
  /** How long past its life the entry is kept. */
  readonly staleMs: number;
  /** The life of an error that the model reports for the input; 0: it is not stored. */
  readonly negativeTtlMs: number;
  /** The eviction policy for the entry; absent: the node's own. */
  readonly policy?: PolicyName | undefined;
  /** The token's holder first. Empty in a direct job. */
  readonly owners: readonly JobOwner[];
  /** The courier address of the gateway that waits for a direct job; empty otherwise. */
  readonly replyTo: string;
  /** The `ModelInferRequest`; empty when it is staged. */
  readonly request: Uint8Array;
  readonly stagedBytes: number;
  readonly traceParent: string;
}

export interface JobOwner {
  readonly nodeId: string;
  readonly address: string;
}

/** Retries of one publication are one job; a new token or a later `born` is another. */
export function jobMessageId(job: Pick<MissJob, "key" | "token" | "born">): string {
  const { key, token, born } = job;
  return `${hex(key)}.${hex(token)}.${born.epoch}.${born.sequence}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function encodeMissJob(job: MissJob): Uint8Array {
  const writer = new ProtoWriter(512 + job.request.length);
  writer.bytes(1, job.key);
  writer.bytes(2, job.token);
  writer.string(3, job.model);
  writer.string(4, job.version);
  writer.bytes(5, Buffer.from(job.digest, "hex"));
  const born = writer.open(6);
  writer.uint(1, job.born.epoch);
  writer.uint(2, job.born.sequence);
  writer.close(born);
  writer.packedFixed64(7, job.scopes);
  writer.uint(8, Math.ceil(job.ttlMs));
  for (const owner of job.owners) {
    const mark = writer.open(9);
    writer.string(1, owner.nodeId);
    writer.string(2, owner.address);
    writer.close(mark);
  }
  writer.string(10, job.replyTo);
  writer.bytes(11, job.request);
  writer.uint(12, job.stagedBytes);
  if (job.traceParent !== "") writer.string(13, job.traceParent);
  if (job.staleMs > 0) writer.uint(14, Math.ceil(job.staleMs));
  if (job.negativeTtlMs > 0) writer.uint(15, Math.ceil(job.negativeTtlMs));
  if (job.policy !== undefined) writer.string(16, job.policy);
  return writer.finish();
}

const empty = new Uint8Array(0);

/** Throws MESSAGE_MALFORMED. Unknown fields are passed over. */
export function decodeMissJob(message: Uint8Array): MissJob {
  const job: { -readonly [K in keyof MissJob]: MissJob[K] } = {
    key: empty,
    token: empty,
    model: "",
    version: "",
    digest: "",
    born: { epoch: 0, sequence: 0 },
    scopes: [],
    ttlMs: 0,
    staleMs: 0,
    negativeTtlMs: 0,
    owners: [],
    replyTo: "",
    request: empty,
    stagedBytes: 0,
    traceParent: "",
  };
  const reader = new ProtoReader(message);
  while (!reader.done) {
    const tag = reader.tag();
    const read = fields[tag];
    if (read === undefined) reader.skip(wireTypeOf(tag));
    else read(job, reader);
  }
  return job;
}

type Draft = { -readonly [K in keyof MissJob]: MissJob[K] };
const { bytes, varint } = wireTypes;

const fields: Readonly<Record<number, (job: Draft, reader: ProtoReader) => void>> = {
  [(1 << 3) | bytes]: (job, reader) => {
    job.key = reader.bytes();
  },
  [(2 << 3) | bytes]: (job, reader) => {
    job.token = reader.bytes();
  },
  [(3 << 3) | bytes]: (job, reader) => {
    job.model = reader.string();
  },
  [(4 << 3) | bytes]: (job, reader) => {
    job.version = reader.string();
  },
  [(5 << 3) | bytes]: (job, reader) => {
    job.digest = hex(reader.bytes());
  },
  [(6 << 3) | bytes]: (job, reader) => {
    job.born = readPosition(reader.message());
  },
  [(7 << 3) | bytes]: (job, reader) => {
    const packed = reader.message();
    const scopes: bigint[] = [];
    while (!packed.done) scopes.push(packed.fixed64());
    job.scopes = scopes;
  },
  [(8 << 3) | varint]: (job, reader) => {
    job.ttlMs = reader.varint();
  },
  [(9 << 3) | bytes]: (job, reader) => {
    job.owners = [...job.owners, readOwner(reader.message())];
  },
  [(10 << 3) | bytes]: (job, reader) => {
    job.replyTo = reader.string();
  },
  [(11 << 3) | bytes]: (job, reader) => {
    job.request = reader.bytes();
  },
  [(12 << 3) | varint]: (job, reader) => {
    job.stagedBytes = reader.varint();
  },
  [(13 << 3) | bytes]: (job, reader) => {
    job.traceParent = reader.string();
  },
  [(14 << 3) | varint]: (job, reader) => {
    job.staleMs = reader.varint();
  },
  [(15 << 3) | varint]: (job, reader) => {
    job.negativeTtlMs = reader.varint();
  },
  [(16 << 3) | bytes]: (job, reader) => {
    const policy = reader.string();
    job.policy = isPolicyName(policy) ? policy : undefined;
  },
};

function readPosition(reader: ProtoReader): Position {
  let epoch = 0;
  let sequence = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | varint)) epoch = reader.varint();
    else if (tag === ((2 << 3) | varint)) sequence = reader.varint();
    else reader.skip(wireTypeOf(tag));
  }
  return { epoch, sequence };
}

function readOwner(reader: ProtoReader): JobOwner {
  let nodeId = "";
  let address = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | bytes)) nodeId = reader.string();
    else if (tag === ((2 << 3) | bytes)) address = reader.string();
    else reader.skip(wireTypeOf(tag));
  }
  return { nodeId, address };
}
