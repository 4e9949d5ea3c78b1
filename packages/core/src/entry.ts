import assert from "node:assert/strict";
import { KvringError } from "./errors.ts";
import { type PolicyName, policyNames } from "./eviction-policy.ts";
import type { Position } from "./position.ts";
import type { ScopeId } from "./scope.ts";

/**
 * What an entry says about itself. It travels and is stored in front of the answer's bytes, so
 * that a node, a near cache, a replica and a snapshot all hold the same proof of age.
 *
 * Times are durations as of the moment the entry was last encoded or re-stamped (`stampAge`): no
 * two machines' clocks are compared.
 */
export interface EntryHeader {
  /** The gateway's log position when the miss was admitted. Never changed afterwards. */
  readonly born: Position;
  readonly ageMs: number;
  /** Remaining life; what is stored until eviction has `limits.entryTtlMs`. */
  readonly ttlMs: number;
  /** What the computation took, and so what a hit saves. */
  readonly costMs: number;
  /** 64 lower-case hex digits of the artifact that computed it. */
  readonly digest: string;
  readonly scopes: readonly ScopeId[];
  /** How long it is kept past its life, for who takes it then. Absent: not. */
  readonly staleMs?: number;
  /** The eviction policy that the model's owner wants it kept by. Absent: the node's. */
  readonly policy?: PolicyName;
  /** Whether it holds no answer but why there is none (`encodeFailure`). Absent: no. */
  readonly isFailure?: boolean;
}

const version = 1;
/** In the version's byte: who does not know failures must not take one for an answer. */
const failureBit = 0x80;
const staleFlag = 1;
/** Flags from here on: the place of its policy in `policyNames`, from 1; 0 is none. */
const policyShift = 4;
const policyMask = 0b111;
const fixedBytes = 80;
/** 16 tags, all, model, version, key, and room for what a model's configuration adds. */
const maxScopes = 64;

const digestPattern = /^[0-9a-f]{64}$/;

const ageOffset = 24;
const ttlOffset = 32;

/**
 * Header and body as one piece of memory. Layout, little-endian: u8 version, with its highest bit for
 * a failure, u8 flags (1 for stale ms, bits 4 to 6 for a policy), u16 scopes, u32 header bytes, u64 epoch, u64 sequence, f64 age ms, f64 ttl ms, f64 cost ms, 32 bytes digest
 * (from 48), u64 per scope, f64 stale ms where there are any, body. Readers skip what a longer
 * header of the same version adds.
 */
export function encodeEntry(header: EntryHeader, body: Uint8Array): Uint8Array {
  assert(header.scopes.length <= maxScopes, `an entry carries at most ${maxScopes} scopes`);
  // A shorter digest would leave bytes of other memory in the header.
  assert(digestPattern.test(header.digest), "a digest is 64 lower-case hex digits");
  const { staleMs = 0, isFailure = false, policy } = header;
  const scopesEnd = fixedBytes + 8 * header.scopes.length;
  const headerBytes = scopesEnd + (staleMs > 0 ? 8 : 0);
  const entry = Buffer.allocUnsafeSlow(headerBytes + body.byteLength);
  entry.writeUInt8(isFailure ? version | failureBit : version, 0);
  const policyNumber = policy === undefined ? 0 : policyNames.indexOf(policy) + 1;
  entry.writeUInt8((staleMs > 0 ? staleFlag : 0) | (policyNumber << policyShift), 1);
  entry.writeUInt16LE(header.scopes.length, 2);
  entry.writeUInt32LE(headerBytes, 4);
  entry.writeBigUInt64LE(BigInt(header.born.epoch), 8);
  entry.writeBigUInt64LE(BigInt(header.born.sequence), 16);
  entry.writeDoubleLE(header.ageMs, ageOffset);
  entry.writeDoubleLE(header.ttlMs, ttlOffset);
  entry.writeDoubleLE(header.costMs, 40);
  entry.write(header.digest, 48, 32, "hex");
  header.scopes.forEach((scope, index) => {
    entry.writeBigUInt64LE(scope, fixedBytes + 8 * index);
  });
  if (staleMs > 0) entry.writeDoubleLE(staleMs, scopesEnd);
  entry.set(body, headerBytes);
  return entry;
}

/** A header read on demand: most readers need two fields of it. Throws ENTRY_MALFORMED. */
export class Entry {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    if (bytes.byteLength < fixedBytes) throw malformed("it is shorter than its header");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = view.getUint8(0) & ~failureBit;
    if (first !== version) throw malformed(`version ${first} is unknown`);
    const headerBytes = view.getUint32(4, true);
    const scopes = view.getUint16(2, true);
    const staleBytes = (view.getUint8(1) & staleFlag) === 0 ? 0 : 8;
    if (scopes > maxScopes || headerBytes < fixedBytes + 8 * scopes + staleBytes) {
      throw malformed("its scopes do not fit its header");
    }
    if (headerBytes > bytes.byteLength) throw malformed("its header is cut off");
    this.bytes = bytes;
    this.#view = view;
  }

  get born(): Position {
    return { epoch: this.#count(8), sequence: this.#count(16) };
  }

  get ageMs(): number {
    return this.#view.getFloat64(ageOffset, true);
  }

  get ttlMs(): number {
    return this.#view.getFloat64(ttlOffset, true);
  }

  get costMs(): number {
    return this.#view.getFloat64(40, true);
  }

  get digest(): string {
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + 48, 32).toString("hex");
  }

  get scopes(): ScopeId[] {
    const count = this.#view.getUint16(2, true);
    const scopes: ScopeId[] = [];
    for (let index = 0; index < count; index += 1) {
      scopes.push(this.#view.getBigUint64(fixedBytes + 8 * index, true));
    }
    return scopes;
  }

  get staleMs(): number {
    if ((this.#view.getUint8(1) & staleFlag) === 0) return 0;
    return this.#view.getFloat64(fixedBytes + 8 * this.#view.getUint16(2, true), true);
  }

  get policy(): PolicyName | undefined {
    return policyNames[((this.#view.getUint8(1) >> policyShift) & policyMask) - 1];
  }

  get isFailure(): boolean {
    return (this.#view.getUint8(0) & failureBit) !== 0;
  }

  /** The answer: a view, not a copy. */
  get body(): Uint8Array {
    return this.bytes.subarray(this.#view.getUint32(4, true));
  }

  get header(): EntryHeader {
    const { born, ageMs, ttlMs, costMs, digest, scopes, staleMs, policy, isFailure } = this;
    return {
      ...{ born, ageMs, ttlMs, costMs, digest, scopes },
      ...(staleMs > 0 && { staleMs }),
      ...(policy !== undefined && { policy }),
      ...(isFailure && { isFailure }),
    };
  }

  /** A u64 as a number, without a BigInt on the way of every hit. */
  #count(offset: number): number {
    return this.#view.getUint32(offset + 4, true) * 2 ** 32 + this.#view.getUint32(offset, true);
  }
}

/** Writes age and remaining life into an entry in place: for the one who just copied it. */
export function stampAge(entry: Uint8Array, ageMs: number, ttlMs: number): void {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  view.setFloat64(ageOffset, ageMs, true);
  view.setFloat64(ttlOffset, ttlMs, true);
}

function malformed(why: string): KvringError {
  return new KvringError("ENTRY_MALFORMED", `an entry cannot be read: ${why}`);
}
