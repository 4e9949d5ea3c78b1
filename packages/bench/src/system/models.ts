import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { burnModel, shippedRepository, writeFixtureRepository } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";

/** Of the model `slow`: about 15 ms on one core that has AVX-512. */
export const slowModel = (): Uint8Array => burnModel({ matMuls: 10, size: 512 });

/** `mnist` (0.1 ms), `slow` (15 ms) and `identity-uint8` (answers what it was asked). */
export async function layOutModels(directory: string): Promise<void> {
  await cp(shippedRepository, directory, { recursive: true });
  await writeFixtureRepository(directory, ["identity-uint8"]);
  await mkdir(join(directory, "slow", "1"), { recursive: true });
  await writeFile(join(directory, "slow", "1", "model.onnx"), slowModel());
}

/** The n-th question to `mnist`: 3.2 KB. */
export function digitRequest(n: number): Uint8Array {
  const data = digit(n);
  const input = { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data } as const;
  return encodeRequest({ model: "mnist", inputs: [input] });
}

export function digit(n: number): Buffer {
  return numbered(n, 784);
}

/** The n-th question to `slow`: 2.1 KB. `cacheControl` as RFC 9111 writes it. */
export function slowRequest(n: number, cacheControl?: string): Uint8Array {
  const input = { name: "x", datatype: "FP32", shape: [1, 512], data: slowInput(n) } as const;
  const control = { name: "cache_control", kind: "string", value: cacheControl ?? "" } as const;
  const parameters = cacheControl === undefined ? [] : [control];
  return encodeRequest({ model: "slow", inputs: [input], parameters });
}

export function slowInput(n: number): Buffer {
  return numbered(n, 512);
}

/** A question of so many bytes, whose answer is as long. */
export function identityRequest(bytes: number): Uint8Array {
  const data = Buffer.alloc(bytes, 0x2a);
  const input = { name: "input", datatype: "UINT8", shape: [bytes], data } as const;
  return encodeRequest({ model: "identity-uint8", inputs: [input] });
}

/** So many numbers in [0, 1], different for each n: its four bytes are spread over the first four. */
function numbered(n: number, count: number): Buffer {
  const data = Buffer.alloc(count * 4);
  for (let index = 4; index < count; index += 1) {
    data.writeFloatLE((index % 255) / 255, index * 4);
  }
  for (let index = 0; index < 4; index += 1) {
    data.writeFloatLE(((n >>> (8 * index)) & 0xff) / 255, index * 4);
  }
  return data;
}
