import { KvringError, limits, type Parameter } from "@kvring/core";
import { fieldOf, ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import { readParameterEntry } from "./parameters.ts";

/**
 * A `ModelInferRequest` as far as routing needs it: tensors stay views on the message.
 *
 * Scanning instead of decoding keeps 64-bit integers exact, costs nothing per element, and reads
 * each byte of a raw tensor only once, when it is hashed.
 */
export interface ScannedRequest {
  readonly modelName: string;
  /** Empty: the newest the catalog serves. */
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: readonly Parameter[];
  readonly inputs: readonly ScannedInput[];
  /** Empty: all, in declared order. */
  readonly outputs: readonly string[];
  readonly rawContents: readonly Uint8Array[];
}

export interface ScannedInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** An `InferTensorContents` message, when the tensor came typed. */
  readonly contents: Uint8Array | undefined;
}

/** More of anything is no inference request but an attack on memory. */
const maxInputs = 1024;

/** Throws MESSAGE_MALFORMED, or UNSUPPORTED_PARAMETER for what would change a tensor's meaning. */
export function scanRequest(message: Uint8Array): ScannedRequest {
  const reader = new ProtoReader(message);
  let modelName = "";
  let modelVersion = "";
  let id = "";
  const parameters = new Map<string, Parameter>();
  const inputs: ScannedInput[] = [];
  const outputs: string[] = [];
  const rawContents: Uint8Array[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case tags.modelName:
        modelName = reader.string();
        break;
      case tags.modelVersion:
        modelVersion = reader.string();
        break;
      case tags.id:
        id = reader.string();
        break;
      case tags.parameters: {
        const parameter = readParameterEntry(reader.message());
        parameters.set(parameter.name, parameter);
        if (parameters.size > maxInputs) throw tooMany("parameters");
        break;
      }
      case tags.inputs:
        bounded(inputs, "inputs").push(scanInput(reader.message()));
        break;
      case tags.outputs:
        bounded(outputs, "outputs").push(scanOutput(reader.message()));
        break;
      case tags.rawContents:
        bounded(rawContents, "raw_input_contents").push(reader.bytes());
        break;
      default:
        reader.skip(wireTypeOf(tag));
    }
  }
  const values = parameters.size === 0 ? none : [...parameters.values()];
  return { modelName, modelVersion, id, parameters: values, inputs, outputs, rawContents };
}

const none: readonly Parameter[] = Object.freeze([]);

/** Field numbers of the protocol, all length-delimited. */
const tags = Object.freeze({
  modelName: (1 << 3) | wireTypes.bytes,
  modelVersion: (2 << 3) | wireTypes.bytes,
  id: (3 << 3) | wireTypes.bytes,
  parameters: (4 << 3) | wireTypes.bytes,
  inputs: (5 << 3) | wireTypes.bytes,
  outputs: (6 << 3) | wireTypes.bytes,
  rawContents: (7 << 3) | wireTypes.bytes,
});

function bounded<T>(list: T[], what: string): T[] {
  if (list.length < maxInputs) return list;
  throw tooMany(what);
}

function tooMany(what: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `a request has at most ${maxInputs} ${what}`);
}

function scanInput(reader: ProtoReader): ScannedInput {
  let name = "";
  let datatype = "";
  const contents: Uint8Array[] = [];
  const shape: number[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    const isBytes = wireTypeOf(tag) === wireTypes.bytes;
    switch (fieldOf(tag)) {
      case isBytes ? 1 : -1:
        name = reader.string();
        break;
      case isBytes ? 2 : -1:
        datatype = reader.string();
        break;
      case 3:
        readDimensions(reader, tag, { name, shape });
        break;
      case isBytes ? 4 : -1:
        refuseTensorParameter(reader.message(), "input", name);
        break;
      case isBytes ? 5 : -1:
        bounded(contents, "pieces of contents").push(reader.bytes());
        break;
      default:
        reader.skip(wireTypeOf(tag));
    }
  }
  return { name, datatype, shape, contents: mergeContents(contents) };
}

/** Protobuf merges a repeated sub-message, and appending the encodings is merging them. */
function mergeContents(pieces: readonly Uint8Array[]): Uint8Array | undefined {
  return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
}

/** Packed, as every current encoder writes it, or one by one. */
function readDimensions(reader: ProtoReader, tag: number, tensor: Shaped): void {
  if (wireTypeOf(tag) === wireTypes.bytes) {
    const packed = reader.message();
    while (!packed.done) addDimension(tensor, packed.int());
  } else if (wireTypeOf(tag) === wireTypes.varint) {
    addDimension(tensor, reader.int());
  } else {
    reader.skip(wireTypeOf(tag));
  }
}

interface Shaped {
  readonly name: string;
  readonly shape: number[];
}

function addDimension({ name, shape }: Shaped, dimension: number): void {
  if (shape.length >= limits.tensorRank) {
    throw new KvringError(
      "SHAPE_MISMATCH",
      `input "${name}": a shape has at most ${limits.tensorRank} dimensions`,
    );
  }
  shape.push(dimension);
}

function scanOutput(reader: ProtoReader): string {
  let name = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | wireTypes.bytes)) name = reader.string();
    else if (tag === ((2 << 3) | wireTypes.bytes)) {
      refuseTensorParameter(reader.message(), "output", name);
    } else reader.skip(wireTypeOf(tag));
  }
  return name;
}

const harmlessTensorParameters = new Set(["binary_data", "binary_data_size"]);

/** Shared memory and classification change what a tensor means: ignoring them would be a lie. */
function refuseTensorParameter(entry: ProtoReader, kind: string, tensor: string): void {
  const { name } = readParameterEntry(entry);
  if (harmlessTensorParameters.has(name)) return;
  throw new KvringError(
    "UNSUPPORTED_PARAMETER",
    `${kind} "${tensor}": parameter "${name}" is not supported: tensors travel as bytes in request and answer, and nothing else is done to them`,
  );
}
