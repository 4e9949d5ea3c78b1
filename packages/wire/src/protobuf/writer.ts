import assert from "node:assert";
import { freshMemory, type Memory } from "../memory/large-buffers.ts";
import { tagOf, wireTypes } from "./reader.ts";

const { varint, fixed64, bytes } = wireTypes;

/**
 * Writes protobuf fields into memory that grows. Every call writes its field, default or not:
 * proto3's rule to leave defaults out is the caller's.
 */
export class ProtoWriter {
  readonly #memory: Memory;
  #target: Buffer;
  #at = 0;

  /** `capacityBytes`: what the message will about need; a good guess saves copies. */
  constructor(capacityBytes = 256, memory = freshMemory) {
    this.#memory = memory;
    this.#target = memory.take(Math.max(16, capacityBytes));
  }

  get byteLength(): number {
    return this.#at;
  }

  /** The message: a view on the writer's memory, which is not written to again. */
  finish(): Buffer {
    const message = this.#target.subarray(0, this.#at);
    this.#target = Buffer.alloc(0);
    this.#at = 0;
    return message;
  }

  /** uint32, uint64 or enum up to 2^53 − 1. */
  uint(field: number, value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "an unsigned number that is exact");
    this.#room(20);
    this.#varint(tagOf(field, varint));
    this.#varint(value);
  }

  uint64(field: number, value: bigint): void {
    this.#room(20);
    this.#varint(tagOf(field, varint));
    this.#varint64(value);
  }

  /** int32 or int64. */
  int(field: number, value: number): void {
    assert(Number.isSafeInteger(value), "a number that is exact");
    this.#room(20);
    this.#varint(tagOf(field, varint));
    if (value >= 0) this.#varint(value);
    else this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  bool(field: number, value: boolean): void {
    this.#room(11);
    this.#varint(tagOf(field, varint));
    this.#target[this.#at++] = value ? 1 : 0;
  }

  double(field: number, value: number): void {
    this.#room(18);
    this.#varint(tagOf(field, fixed64));
    this.#at = this.#target.writeDoubleLE(value, this.#at);
  }

  fixed64(field: number, value: bigint): void {
    this.#room(18);
    this.#varint(tagOf(field, fixed64));
    this.#at = this.#target.writeBigUInt64LE(value, this.#at);
  }

  /** A packed repeated fixed64. */
  packedFixed64(field: number, values: readonly bigint[]): void {
    this.#room(20 + 8 * values.length);
    this.#varint(tagOf(field, bytes));
    this.#varint(8 * values.length);
    for (const value of values) this.#at = this.#target.writeBigUInt64LE(value, this.#at);
  }

  /** A packed repeated int32 or int64. */
  packedInt(field: number, values: readonly number[]): void {
    const mark = this.open(field, values.length);
    this.#room(10 * values.length);
    for (const value of values) {
      if (value >= 0) this.#varint(value);
      else this.#varint64(BigInt.asUintN(64, BigInt(value)));
    }
    this.close(mark);
  }

  string(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(20 + length);
    this.#varint(tagOf(field, bytes));
    this.#varint(length);
    this.#at += this.#target.write(value, this.#at);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(20 + value.length);
    this.#varint(tagOf(field, bytes));
    this.#varint(value.length);
    this.#target.set(value, this.#at);
    this.#at += value.length;
  }

  /**
   * A bytes field of exactly `length` bytes whose content comes later: see `last`. So a value can
   * be assembled where it is sent from.
   */
  reserve(field: number, length: number): void {
    this.#room(20 + length);
    this.#varint(tagOf(field, bytes));
    this.#varint(length);
    this.#at += length;
  }

  /** The last `length` bytes written, to be changed in place. Valid until the next call. */
  last(length: number): Buffer {
    return this.#target.subarray(this.#at - length, this.#at);
  }

  /** Fields that are already encoded, or a message to append to. */
  raw(fields: Uint8Array): void {
    this.#room(fields.length);
    this.#target.set(fields, this.#at);
    this.#at += fields.length;
  }

  /**
   * Begins a nested message; what is written until `close(mark)` belongs to it.
   *
   * Its length is known only then, so room for it is left open: `aboutBytes` decides how much, and
   * a guess on the wrong side of 128, 16 K or 2 M moves the message once.
   */
  open(field: number, aboutBytes = 0): number {
    this.#room(20);
    this.#varint(tagOf(field, bytes));
    const width = varintBytes(aboutBytes);
    this.#at += width;
    return this.#at * 8 + width;
  }

  close(mark: number): void {
    const start = Math.floor(mark / 8);
    const reserved = mark % 8;
    const length = this.#at - start;
    const width = varintBytes(length);
    if (width !== reserved) {
      this.#room(8);
      this.#target.copyWithin(start - reserved + width, start, this.#at);
    }
    this.#at = start - reserved;
    this.#varint(length);
    this.#at += length;
  }

  /** A nested message without fields. */
  empty(field: number): void {
    this.#room(11);
    this.#varint(tagOf(field, bytes));
    this.#target[this.#at++] = 0;
  }

  #varint(value: number): void {
    let rest = value;
    // Bit operations work on 32 bits only.
    while (rest > 0x7fff_ffff) {
      this.#target[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#target[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#target[this.#at++] = rest;
  }

  #varint64(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#target[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#target[this.#at++] = Number(rest);
  }

  #room(needed: number): void {
    if (this.#target.length - this.#at >= needed) return;
    const grown = this.#memory.take(Math.max(2 * this.#target.length, this.#at + needed));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#memory.give(this.#target);
    this.#target = grown;
  }
}

/** How many bytes a number takes as a varint. */
function varintBytes(value: number): number {
  let width = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) width += 1;
  return width;
}
