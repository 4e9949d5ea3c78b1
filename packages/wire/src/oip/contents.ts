import { bytesPerElement, type Datatype, KvringError } from "@kvring/core";
import { fieldOf, ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";

/** Which field of `InferTensorContents` carries which datatypes. FP16 travels raw only. */
const contentsField: Readonly<Partial<Record<Datatype, number>>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

/** How one element is written outside a packed field; varints where nothing is said. */
const elementWireType: Readonly<Record<number, number>> = {
  6: wireTypes.fixed32,
  7: wireTypes.fixed64,
};

/**
 * A typed tensor as raw bytes, straight from the wire: no element passes through a JavaScript
 * number that could round it, so the raw and the typed form of a tensor are the same bytes.
 *
 * `count` is what the shape promises; more elements are refused before they are stored.
 */
export function rawFromContents(
  contents: Uint8Array,
  tensor: { readonly name: string; readonly datatype: Datatype; readonly count: number },
): Uint8Array {
  const field = contentsField[tensor.datatype];
  if (field === undefined) {
    throw new KvringError(
      "DATATYPE_MISMATCH",
      `tensor "${tensor.name}": ${tensor.datatype} has no typed form; send it in raw_input_contents`,
    );
  }
  const isText = tensor.datatype === "BYTES";
  const sink = isText ? new ElementSink(tensor, contents) : new NumberSink(tensor, field);
  const reader = new ProtoReader(contents);
  while (!reader.done) {
    const tag = reader.tag();
    if (fieldOf(tag) > 8) reader.skip(wireTypeOf(tag));
    else if (fieldOf(tag) === field) sink.read(reader, wireTypeOf(tag));
    else throw otherField(tensor, fieldOf(tag));
  }
  return sink.finish();
}

interface Named {
  readonly name: string;
  readonly datatype: Datatype;
  readonly count: number;
}

/** Fixed-size elements, written into memory of the size that the shape promises. */
class NumberSink {
  readonly #tensor: Named;
  readonly #wireType: number;
  readonly #raw: Buffer;
  #elements = 0;

  constructor(tensor: Named, field: number) {
    this.#tensor = tensor;
    this.#wireType = elementWireType[field] ?? wireTypes.varint;
    this.#raw = Buffer.alloc(tensor.count * bytesPerElement(tensor.datatype));
  }

  read(reader: ProtoReader, wireType: number): void {
    if (wireType === this.#wireType) {
      this.#element(reader);
      return;
    }
    // Not how this field is written: to every protobuf decoder an unknown field.
    if (wireType !== wireTypes.bytes) {
      reader.skip(wireType);
      return;
    }
    const packed = reader.message();
    while (!packed.done) this.#element(packed);
  }

  finish(): Uint8Array {
    if (this.#elements !== this.#tensor.count) throw wrongCount(this.#tensor, this.#elements);
    return this.#raw;
  }

  #element(reader: ProtoReader): void {
    if (this.#elements >= this.#tensor.count) throw wrongCount(this.#tensor, this.#elements + 1);
    writeElement[this.#tensor.datatype](reader, this.#raw, this.#elements, this.#tensor.name);
    this.#elements += 1;
  }
}

type ElementWriter = (reader: ProtoReader, raw: Buffer, index: number, name: string) => void;

/** int32 fields carry the narrow types: what does not fit is refused, not cut. */
function narrow(
  low: number,
  high: number,
  write: (raw: Buffer, value: number, at: number) => void,
) {
  const bytes = high > 0xffff ? 4 : high > 0xff ? 2 : low < -0x80 ? 2 : 1;
  return (reader: ProtoReader, raw: Buffer, index: number, name: string): void => {
    const value = reader.int();
    if (value < low || value > high) {
      throw new KvringError(
        "SIZE_MISMATCH",
        `tensor "${name}", element ${index}: ${value} is outside ${low} … ${high}`,
      );
    }
    write(raw, value, index * bytes);
  };
}

const refuse: ElementWriter = () => {
  throw new RangeError("this datatype has no typed form of fixed size");
};

const writeElement: Readonly<Record<Datatype, ElementWriter>> = {
  BOOL: (reader, raw, index) => raw.writeUInt8(reader.bool() ? 1 : 0, index),
  INT8: narrow(-0x80, 0x7f, (raw, value, at) => raw.writeInt8(value, at)),
  INT16: narrow(-0x8000, 0x7fff, (raw, value, at) => raw.writeInt16LE(value, at)),
  INT32: narrow(-0x8000_0000, 0x7fff_ffff, (raw, value, at) => raw.writeInt32LE(value, at)),
  UINT8: narrow(0, 0xff, (raw, value, at) => raw.writeUInt8(value, at)),
  UINT16: narrow(0, 0xffff, (raw, value, at) => raw.writeUInt16LE(value, at)),
  UINT32: narrow(0, 0xffff_ffff, (raw, value, at) => raw.writeUInt32LE(value, at)),
  INT64: (reader, raw, index) => raw.writeBigUInt64LE(reader.varint64(), index * 8),
  UINT64: (reader, raw, index) => raw.writeBigUInt64LE(reader.varint64(), index * 8),
  // The bits as they are: a NaN's payload would not survive a JavaScript number.
  FP32: (reader, raw, index) => raw.writeUInt32LE(reader.fixed32(), index * 4),
  FP64: (reader, raw, index) => raw.writeBigUInt64LE(reader.fixed64(), index * 8),
  FP16: refuse,
  BYTES: refuse,
};

/**
 * Elements with a length of their own, written where they end up: a view for each would take a
 * hundred bytes per empty string, 1.3 GB for a message of 16 MiB.
 */
class ElementSink {
  readonly #tensor: Named;
  readonly #source: Buffer;
  readonly #raw: Buffer;
  #elements = 0;
  #at = 0;

  constructor(tensor: Named, contents: Uint8Array) {
    this.#tensor = tensor;
    this.#source = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
    // Four bytes of length take the place of a tag and a length of at least one byte each.
    this.#raw = Buffer.allocUnsafe(contents.byteLength + 2 * tensor.count);
  }

  read(reader: ProtoReader, wireType: number): void {
    if (wireType !== wireTypes.bytes) {
      reader.skip(wireType);
      return;
    }
    if (this.#elements >= this.#tensor.count) throw wrongCount(this.#tensor, this.#elements + 1);
    this.#elements += 1;
    const start = reader.message().offset;
    const length = reader.offset - start;
    this.#at = this.#raw.writeUInt32LE(length, this.#at);
    if (length > 0) this.#at += this.#source.copy(this.#raw, this.#at, start, reader.offset);
  }

  finish(): Uint8Array {
    if (this.#elements !== this.#tensor.count) throw wrongCount(this.#tensor, this.#elements);
    return this.#raw.subarray(0, this.#at);
  }
}

function wrongCount(tensor: Named, seen: number): KvringError {
  return new KvringError(
    "SIZE_MISMATCH",
    `tensor "${tensor.name}" needs ${tensor.count} elements, got ${seen > tensor.count ? "more" : seen}`,
  );
}

function otherField(tensor: Named, field: number): KvringError {
  return new KvringError(
    "DATATYPE_MISMATCH",
    `tensor "${tensor.name}" is ${tensor.datatype}, but its contents carry field ${field} of InferTensorContents`,
  );
}
