import { isDatatype, KvringError, type Parameter, type Tensor } from "@kvring/core";
import { ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import { readParameterEntry } from "./parameters.ts";

/** A decoded `ModelInferResponse`; tensors are views on the message. */
export interface InferResponse {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly outputs: readonly Tensor[];
}

const { bytes, varint } = wireTypes;

/** Throws MESSAGE_MALFORMED, or DATATYPE_UNSUPPORTED for what is not raw. */
export function decodeResponse(message: Uint8Array): InferResponse {
  const reader = new ProtoReader(message);
  let model = "";
  let version = "";
  let id = "";
  const parameters = new Map<string, Parameter>();
  const heads: Omit<Tensor, "data">[] = [];
  const raw: Uint8Array[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | bytes:
        model = reader.string();
        break;
      case (2 << 3) | bytes:
        version = reader.string();
        break;
      case (3 << 3) | bytes:
        id = reader.string();
        break;
      case (4 << 3) | bytes: {
        const parameter = readParameterEntry(reader.message());
        parameters.set(parameter.name, parameter);
        break;
      }
      case (5 << 3) | bytes:
        heads.push(readHead(reader.message()));
        break;
      case (6 << 3) | bytes:
        raw.push(reader.bytes());
        break;
      default:
        reader.skip(wireTypeOf(tag));
    }
  }
  const outputs = heads.map((head, index) => ({ ...head, data: rawOf(head.name, raw[index]) }));
  return { model, version, id, parameters, outputs };
}

function rawOf(name: string, data: Uint8Array | undefined): Uint8Array {
  if (data !== undefined) return data;
  throw new KvringError("MESSAGE_MALFORMED", `output "${name}" has no raw contents`);
}

function readHead(reader: ProtoReader): Omit<Tensor, "data"> {
  let name = "";
  let datatype = "";
  const shape: number[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | bytes)) name = reader.string();
    else if (tag === ((2 << 3) | bytes)) datatype = reader.string();
    else if (tag === ((3 << 3) | bytes)) {
      const packed = reader.message();
      while (!packed.done) shape.push(packed.int());
    } else if (tag === ((3 << 3) | varint)) shape.push(reader.int());
    else reader.skip(wireTypeOf(tag));
  }
  if (isDatatype(datatype)) return { name, datatype, shape };
  throw new KvringError("DATATYPE_UNSUPPORTED", `output "${name}" is ${datatype}`);
}
