import type { KeyedRequest, Parameter } from "./request-key.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The layout of docs/adr-0003-request-key.md, written for reading: what the fast form must equal.
 * For tests only.
 */
export function slowCanonical(request: KeyedRequest): Uint8Array {
  const { tenant, model, outputs } = request;
  const parameters = request.parameters.filter(
    ({ name }) =>
      !name.startsWith("cache_") &&
      !["priority", "timeout", "headers", "binary_data_output"].includes(name),
  );
  return Buffer.concat([
    Buffer.from("kvring/key/1\0"),
    ...[tenant, model.name, model.version, model.digest].map(slowText),
    u32(outputs.length),
    ...outputs.map(slowText),
    u32(parameters.length),
    ...[...parameters].sort(byName).map(slowParameter),
    u32(request.inputs.length),
    ...[...request.inputs].sort(byName).map(slowInput),
  ]);
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1;

function slowParameter(parameter: Parameter): Uint8Array {
  const tag = ["none", "bool", "int64", "string", "double", "uint64"].indexOf(parameter.kind);
  const value = Buffer.alloc(8);
  const head = [slowText(parameter.name), u32(tag)];
  switch (parameter.kind) {
    case "none":
      return Buffer.concat(head);
    case "bool":
      return Buffer.concat([...head, u32(Number(parameter.value))]);
    case "string":
      return Buffer.concat([...head, slowText(parameter.value)]);
    case "double":
      value.writeDoubleLE(parameter.value);
      return Buffer.concat([...head, value]);
    case "int64":
      value.writeBigInt64LE(parameter.value);
      return Buffer.concat([...head, value]);
    case "uint64":
      value.writeBigUInt64LE(parameter.value);
      return Buffer.concat([...head, value]);
  }
}

function slowInput({ name, datatype, shape, data }: Tensor): Uint8Array {
  return Buffer.concat([
    ...[slowText(name), slowText(datatype), u32(shape.length)],
    ...[...shape, data.byteLength].map(u64),
    data,
  ]);
}

function slowText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Buffer.concat([u32(bytes.length), bytes]);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function u64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
