import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import type { ModelIdentity } from "./model.ts";
import type { Tensor } from "./tensor.ts";

/**
 * A request parameter as protobuf carries it. 64-bit integers stay integers: `longs` as JavaScript
 * numbers would make 9007199254740992 and …993 the same key.
 */
export type Parameter =
  | { readonly name: string; readonly kind: "none" }
  | { readonly name: string; readonly kind: "bool"; readonly value: boolean }
  | { readonly name: string; readonly kind: "int64"; readonly value: bigint }
  | { readonly name: string; readonly kind: "string"; readonly value: string }
  | { readonly name: string; readonly kind: "double"; readonly value: number }
  | { readonly name: string; readonly kind: "uint64"; readonly value: bigint };

/** All that an answer depends on. `id` is not here, and neither is the form of the tensors. */
export interface KeyedRequest {
  /** Empty without authentication. */
  readonly tenant: string;
  readonly model: ModelIdentity;
  /** The outputs asked for, in the order asked; the declared ones where the request names none. */
  readonly outputs: readonly string[];
  /** In any order, each name once. */
  readonly parameters: readonly Parameter[];
  /** In any order, each name once. */
  readonly inputs: readonly Tensor[];
}

/** 32 bytes of SHA-256. */
export type RequestKey = Uint8Array;

const ignoredParameters = new Set(["priority", "timeout", "headers", "binary_data_output"]);

/** Parameters that say how to answer, not what: they do not make another request. */
export function isIgnoredParameter(name: string): boolean {
  return name.startsWith("cache_") || ignoredParameters.has(name);
}

const parameterTags = { none: 0, bool: 1, int64: 2, string: 3, double: 4, uint64: 5 } as const;

/** Up to this, one copy and a one-shot hash beat the incremental one (3 KB: 2.5 against 3.5 µs). */
const flattenBytes = 64 * 1024;

/**
 * Where canonical bytes are put together. One for all keys: each is made in one go, and a piece of
 * memory per key would cost the collector more than the hash costs us.
 */
const scratch = Buffer.allocUnsafeSlow(flattenBytes);

/**
 * The request key: SHA-256 over the canonical bytes, version 1 (docs/adr-0003 of this package
 * gives the layout, `request-key.golden.json` pins it). Cryptographic, because tenants share a
 * cluster: nobody may construct a request that collides with another's.
 */
export function requestKey(request: KeyedRequest): RequestKey {
  const writer = new CanonicalWriter(() => createHash("sha256"));
  writeRequest(writer, request);
  const { rest, overflow } = writer.end();
  return overflow === undefined ? hash("sha256", rest, "buffer") : overflow.update(rest).digest();
}

/** The canonical bytes themselves, for tests and for who implements the key elsewhere. */
export function canonicalBytes(request: KeyedRequest): Uint8Array {
  const pieces: Buffer[] = [];
  const keep = { update: (bytes: Uint8Array) => pieces.push(Buffer.from(bytes)) };
  const writer = new CanonicalWriter(() => keep);
  writeRequest(writer, request);
  return Buffer.concat([...pieces, writer.end().rest]);
}

function writeRequest(writer: CanonicalWriter<Overflow>, request: KeyedRequest): void {
  const { model } = request;
  writer.raw(domain);
  writer.text(request.tenant);
  writer.text(model.name);
  writer.text(model.version);
  writer.text(model.digest);
  writer.u32(request.outputs.length);
  for (const output of request.outputs) writer.text(output);
  const parameters = request.parameters.filter(({ name }) => !isIgnoredParameter(name));
  writer.u32(parameters.length);
  for (const parameter of byName(parameters)) writeParameter(writer, parameter);
  writer.u32(request.inputs.length);
  for (const input of byName(request.inputs)) writeInput(writer, input);
}

const domain = Buffer.from("kvring/key/1\0", "latin1");

/** Sorted by code unit, which needs no locale; one element, the usual case, is left alone. */
function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  if (items.length < 2) return items;
  return [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function writeParameter(writer: CanonicalWriter<Overflow>, parameter: Parameter): void {
  writer.text(parameter.name);
  writer.u32(parameterTags[parameter.kind]);
  switch (parameter.kind) {
    case "none":
      break;
    case "bool":
      writer.u32(parameter.value ? 1 : 0);
      break;
    case "int64":
    case "uint64":
      writer.u64(BigInt.asUintN(64, parameter.value));
      break;
    case "double":
      writer.f64(parameter.value);
      break;
    case "string":
      writer.text(parameter.value);
      break;
  }
}

function writeInput(writer: CanonicalWriter<Overflow>, input: Tensor): void {
  writer.text(input.name);
  writer.text(input.datatype);
  writer.u32(input.shape.length);
  for (const dimension of input.shape) writer.count(dimension);
  writer.count(input.data.byteLength);
  writer.raw(input.data);
}

/** Takes what no longer fits; it is done with the bytes when it returns. */
interface Overflow {
  update(bytes: Uint8Array): unknown;
}

/** Puts the canonical form into the scratch memory; what goes beyond it goes to an overflow. */
class CanonicalWriter<O extends Overflow> {
  readonly #open: () => O;
  #overflow: O | undefined;
  #at = 0;

  /** `open` is called once, when the scratch memory is full. */
  constructor(open: () => O) {
    this.#open = open;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#at = scratch.writeUInt32LE(value, this.#at);
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#at = scratch.writeBigUInt64LE(value, this.#at);
  }

  /** A u64 that is exact as a number: a BigInt is an allocation. */
  count(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "a size is a whole number");
    this.#reserve(8);
    this.#at = scratch.writeUInt32LE(value % 2 ** 32, this.#at);
    this.#at = scratch.writeUInt32LE(Math.floor(value / 2 ** 32), this.#at);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#at = scratch.writeDoubleLE(value, this.#at);
  }

  /** Length-prefixed, so that no two lists of texts run into one another. */
  text(value: string): void {
    // UTF-8 would write U+FFFD for a lone surrogate: two requests, one key.
    assert(value.isWellFormed(), "texts are checked before they are keyed");
    const room = value.length * 3 + 4;
    if (room > flattenBytes) {
      const bytes = Buffer.from(value, "utf8");
      this.u32(bytes.length);
      this.raw(bytes);
      return;
    }
    this.#reserve(room);
    const written = scratch.write(value, this.#at + 4, "utf8");
    scratch.writeUInt32LE(written, this.#at);
    this.#at += 4 + written;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    if (bytes.byteLength > flattenBytes) {
      this.#overflow?.update(bytes);
      return;
    }
    scratch.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  /** What is in the scratch memory still, behind what overflowed. Valid until the next key. */
  end(): { readonly rest: Buffer; readonly overflow: O | undefined } {
    return { rest: scratch.subarray(0, this.#at), overflow: this.#overflow };
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= flattenBytes) return;
    this.#overflow ??= this.#open();
    this.#overflow.update(scratch.subarray(0, this.#at));
    this.#at = 0;
  }
}
