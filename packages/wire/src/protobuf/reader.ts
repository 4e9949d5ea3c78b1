import { isUtf8 } from "node:buffer";
import { KvringError } from "@kvring/core";

/** How a field's value is laid out: the lower three bits of its tag. */
export const wireTypes = Object.freeze({ varint: 0, fixed64: 1, bytes: 2, fixed32: 5 });

export function fieldOf(tag: number): number {
  return tag >>> 3;
}

export function wireTypeOf(tag: number): number {
  return tag & 7;
}

/** The tag of a field, for `case` labels and for `skip`. */
export function tagOf(field: number, wireType: number): number {
  return ((field << 3) | wireType) >>> 0;
}

/**
 * Protobuf fields one after another, out of bytes nobody vouches for. Everything that reads beyond
 * the end, or that no encoder writes, is MESSAGE_MALFORMED; nothing is allocated on the word of a
 * length alone. Non-minimal varints are read, as every protobuf decoder does.
 */
export class ProtoReader {
  readonly #source: Uint8Array;
  readonly #end: number;
  #at: number;

  /** Reads `source` from `start` up to, not including, `end`. */
  constructor(source: Uint8Array, start = 0, end = source.length) {
    this.#source = source;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Where the next byte is read, as an offset into the source. */
  get offset(): number {
    return this.#at;
  }

  /** The next field's tag: field number and wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag > 0xffff_ffff || tag < 8) throw malformed(`${tag} is no field's tag`);
    return tag;
  }

  /** An unsigned number up to 2^53 − 1; larger ones are refused rather than rounded. */
  varint(): number {
    const source = this.#source;
    let at = this.#at;
    const first = at < this.#end ? (source[at] ?? 0) : this.#truncated();
    if (first < 0x80) {
      this.#at = at + 1;
      return first;
    }
    let value = first & 0x7f;
    let scale = 0x80;
    for (at += 1; at < this.#end; at += 1) {
      const byte = source[at] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw malformed("a number is above 2^53 − 1");
        this.#at = at + 1;
        return value;
      }
      if (at - this.#at >= 9) throw malformed("a number is longer than ten bytes");
      scale *= 0x80;
    }
    return this.#truncated();
  }

  /** An unsigned 64-bit number, exactly. */
  varint64(): bigint {
    let low = 0n;
    let shift = 0n;
    for (let at = this.#at; at < this.#end; at += 1) {
      const byte = this.#source[at] ?? 0;
      // The tenth byte carries one bit.
      if (shift === 63n && byte > 1) throw malformed("a number is longer than 64 bits");
      low |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#at = at + 1;
        return low;
      }
      shift += 7n;
    }
    return this.#truncated();
  }

  /** An int32 or int64 between −(2^53 − 1) and 2^53 − 1: negative ones take ten bytes. */
  int(): number {
    const start = this.#at;
    if (start < this.#end && (this.#source[start] ?? 0) < 0x80) return this.varint();
    const value = Number(BigInt.asIntN(64, this.varint64()));
    if (!Number.isSafeInteger(value)) throw malformed("a number is beyond ±(2^53 − 1)");
    return value;
  }

  bool(): boolean {
    return this.varint64() !== 0n;
  }

  fixed32(): number {
    return this.#view(4).getUint32(0, true);
  }

  fixed64(): bigint {
    return this.#view(8).getBigUint64(0, true);
  }

  float(): number {
    return this.#view(4).getFloat32(0, true);
  }

  double(): number {
    return this.#view(8).getFloat64(0, true);
  }

  /** A view on the source, not a copy. */
  bytes(): Uint8Array {
    const start = this.#length();
    return this.#source.subarray(start, this.#at);
  }

  /** Refuses what is not UTF-8, so that two different byte strings never become one text. */
  string(): string {
    const start = this.#length();
    if (start === this.#at) return "";
    const { buffer, byteOffset } = this.#source;
    const text = Buffer.from(buffer, byteOffset + start, this.#at - start);
    if (!isUtf8(text)) throw malformed("a string is not UTF-8");
    return text.toString("utf8");
  }

  /** The fields of a nested message; this reader goes on behind it. */
  message(): ProtoReader {
    const start = this.#length();
    return new ProtoReader(this.#source, start, this.#at);
  }

  /** Passes over a value of a field that is not needed or not known. Groups are refused. */
  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.varint64();
        return;
      case wireTypes.fixed64:
        this.#advance(8);
        return;
      case wireTypes.bytes:
        this.#length();
        return;
      case wireTypes.fixed32:
        this.#advance(4);
        return;
      default:
        throw malformed(`wire type ${wireType} is not supported`);
    }
  }

  /** Reads a length, passes over as many bytes, and gives where they begin. */
  #length(): number {
    const length = this.varint();
    return this.#advance(length);
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) {
      throw malformed(`${length} bytes announced, ${this.#end - start} left`);
    }
    this.#at = start + length;
    return start;
  }

  #view(length: number): DataView {
    const start = this.#advance(length);
    return new DataView(this.#source.buffer, this.#source.byteOffset + start, length);
  }

  #truncated(): never {
    throw malformed("it ends within a number");
  }
}

/** For decoders that find something wrong above the level of single fields. */
export function malformed(why: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `a message cannot be read: ${why}`);
}
