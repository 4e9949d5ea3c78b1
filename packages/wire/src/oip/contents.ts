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
  const sink = tensor.datatype === "BYTES" ? new ElementSink(tensor) : new NumberSink(tensor);
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
  readonly #raw: Buffer;
  #elements = 0;

  constructor(tensor: Named) {
    this.#tensor = tensor;
    this.#raw = Buffer.alloc(tensor.count * bytesPerElement(tensor.datatype));
  }

  read(reader: ProtoReader, wireType: number): void {
    if (wireType !== wireTypes.bytes) {
      this.#element(reader);
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

/** Elements with a length of their own. */
class ElementSink {
  readonly #tensor: Named;
  readonly #elements: Uint8Array[] = [];

  constructor(tensor: Named) {
    this.#tensor = tensor;
  }

  read(reader: ProtoReader, wireType: number): void {
    if (wireType !== wireTypes.bytes) {
      reader.skip(wireType);
      return;
    }
    if (this.#elements.length >= this.#tensor.count) {
      throw wrongCount(this.#tensor, this.#elements.length + 1);
    }
    this.#elements.push(reader.bytes());
  }

  finish(): Uint8Array {
    if (this.#elements.length !== this.#tensor.count) {
      throw wrongCount(this.#tensor, this.#elements.length);
    }
    const bytes = this.#elements.reduce((sum, element) => sum + 4 + element.length, 0);
    const raw = Buffer.alloc(bytes);
    let at = 0;
    for (const element of this.#elements) {
      at = raw.writeUInt32LE(element.length, at);
      raw.set(element, at);
      at += element.length;
    }
    return raw;
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
