import type { Parameter } from "@kvring/core";
import { type ProtoReader, wireTypeOf, wireTypes } from "../protobuf/reader.ts";
import type { ProtoWriter } from "../protobuf/writer.ts";

const { varint, fixed64, bytes } = wireTypes;

type Value = Parameter extends infer P ? (P extends Parameter ? Omit<P, "name"> : never) : never;

/** One entry of a `map<string, InferParameter>`. */
export function readParameterEntry(entry: ProtoReader): Parameter {
  let name = "";
  let value: Value = { kind: "none" };
  while (!entry.done) {
    const tag = entry.tag();
    if (tag === ((1 << 3) | bytes)) name = entry.string();
    else if (tag === ((2 << 3) | bytes)) value = readValue(entry.message());
    else entry.skip(wireTypeOf(tag));
  }
  return { name, ...value } as Parameter;
}

/** The last member of the oneof wins, as in every protobuf decoder. */
function readValue(reader: ProtoReader): Value {
  let value: Value = { kind: "none" };
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | varint:
        value = { kind: "bool", value: reader.bool() };
        break;
      case (2 << 3) | varint:
        value = { kind: "int64", value: BigInt.asIntN(64, reader.varint64()) };
        break;
      case (3 << 3) | bytes:
        value = { kind: "string", value: reader.string() };
        break;
      case (4 << 3) | fixed64:
        value = { kind: "double", value: reader.double() };
        break;
      case (5 << 3) | varint:
        value = { kind: "uint64", value: reader.varint64() };
        break;
      default:
        reader.skip(wireTypeOf(tag));
    }
  }
  return value;
}

/** Appends one entry of a `map<string, InferParameter>` under `field`. */
export function writeParameterEntry(
  writer: ProtoWriter,
  field: number,
  parameter: Parameter,
): void {
  const entry = writer.open(field, parameter.name.length + 24);
  writer.string(1, parameter.name);
  const value = writer.open(2);
  switch (parameter.kind) {
    case "none":
      break;
    case "bool":
      writer.bool(1, parameter.value);
      break;
    case "int64":
      writer.uint64(2, BigInt.asUintN(64, parameter.value));
      break;
    case "string":
      writer.string(3, parameter.value);
      break;
    case "double":
      writer.double(4, parameter.value);
      break;
    case "uint64":
      writer.uint64(5, parameter.value);
      break;
  }
  writer.close(value);
  writer.close(entry);
}
