import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { policyNames } from "@kvring/store";
import { afterAll, describe, expect, test } from "vitest";
import { bytesOf, durationMsOf } from "./quantities.ts";
import { type ReplayOptions, replay } from "./replay.ts";

const folder = mkdtempSync(join(tmpdir(), "kvring-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function run(file: string, format: ReplayOptions["format"], more: Partial<ReplayOptions> = {}) {
  const usual = { policies: ["lru"], unit: "entries", capacities: [10], ttlMs: undefined } as const;
  return replay({ file, format, ...usual, ...more });
}

/** Requests for keys, each of 100 bytes and a second after the one before. */
function oracle(keys: readonly number[]): Buffer {
  const bytes = Buffer.alloc(24 * keys.length);
  for (const [at, key] of keys.entries()) {
    bytes.writeUInt32LE(at, 24 * at);
    bytes.writeBigUInt64LE(BigInt(key) + 2n ** 60n, 24 * at + 4);
    bytes.writeUInt32LE(100, 24 * at + 12);
    bytes.writeBigInt64LE(BigInt(keys.indexOf(key, at + 1)), 24 * at + 16);
  }
  return bytes;
}

const u32le = (keys: readonly number[]) => Buffer.from(Uint32Array.from(keys).buffer);
const manyKeys = Array.from({ length: 300_000 }, (_, at) => (at * 7_919) % 1_009);

describe("a trace is replayed", () => {
  test.each([
    ["plain", (bytes: Buffer) => bytes, ""],
    ["gzip", gzipSync, ".gz"],
    ["zstd", zstdCompressSync, ".zst"],
  ])("from %s files, however long", async (_, pack, suffix) => {
    const file = write(`many${suffix}`, pack(u32le(manyKeys)));
    const [result] = await run(file, "u32le", { capacities: [1_009] });
    expect(result).toMatchObject({ requests: 300_000, hits: 300_000 - 1_009, evictions: 0 });
  });

  test("to every policy and capacity, in that order, reading it once", async () => {
    const file = write("all", u32le([1, 2, 3, 1, 2, 3]));
    const told: [number, number][] = [];
    const results = await run(file, "u32le", {
      policies: policyNames,
      capacities: [1, 3],
      progress: (read, total) => told.push([read, total]),
    });
    expect(results.map(({ policy, capacity }) => `${policy} ${capacity}`)).toEqual(
      policyNames.flatMap((policy) => [`${policy} 1`, `${policy} 3`]),
    );
    for (const { hits, capacity } of results) expect(hits).toBe(capacity === 3 ? 3 : 0);
    expect(told).toEqual([[24, 24]]);
  });

  test("with the sizes of oracleGeneral, in bytes", async () => {
    const file = write("oracle", oracle([1, 2, 1, 3, 1]));
    const results = await run(file, "oracle", { unit: "bytes", capacities: [199, 200] });
    expect(results.map(({ hits, evictions }) => [hits, evictions])).toEqual([
      [0, 4],
      [2, 1],
    ]);
    expect(results[1]).toMatchObject({ hitBytes: 200, totalBytes: 500 });
  });

  test("by its own clock", async () => {
    const file = write("clock", oracle([1, 1, 1, 1, 1, 1]));
    const [result] = await run(file, "oracle", { ttlMs: 2_000 });
    expect(result?.hits).toBe(3);
  });

  test.each([
    ["ids", "a\nb\na\n", [1, 1, 3]],
    ["id, size", "a,10\r\nb,20\r\na,10", [1, 10, 40]],
    ["time, id, size", "1,a,10\n2,b,20\n\n3,a,10\n", [1, 10, 40]],
    ["named columns", "size,other,ID\n10,x,a\n20,y,b\n10,z,a\n", [1, 10, 40]],
  ])("from lines of %s", async (_, text, [hits, hitBytes, totalBytes]) => {
    const [result] = await run(write("lines.csv", text), "csv");
    expect(result).toMatchObject({ requests: 3, hits, hitBytes, totalBytes });
  });

  test("with costs, which GDSF weighs", async () => {
    const head = "id,size,cost_ms\n";
    const file = write("costs.csv", `${head}dear,1,500\ncheap,1,1\nnew,1,1\ndear,1,500\n`);
    const [lru, gdsf] = await run(file, "csv", { policies: ["lru", "gdsf"], capacities: [2] });
    expect([lru?.hits, gdsf?.hits]).toEqual([0, 1]);
  });

  test("also when it is empty", async () => {
    const [result] = await run(write("empty", ""), "u32le");
    expect(result).toMatchObject({ requests: 0, hits: 0, totalBytes: 0 });
  });
});

describe("what is damaged is an error that names the record", () => {
  const packed = gzipSync(u32le(manyKeys));
  const cutZstd = zstdCompressSync(u32le(manyKeys)).subarray(0, -9);
  const spoilt = Buffer.from(packed);
  spoilt.fill(0xff, packed.length >> 1, (packed.length >> 1) + 40);
  const backwards = oracle([1, 2, 3]);
  backwards.writeBigInt64LE(1n, 24 + 16);

  test.each([
    ["u32le", "cut", u32le([1, 2, 3]).subarray(0, 10), "record 3 is cut off after 2 of 4 bytes"],
    ["oracle", "cut2", oracle([1, 2]).subarray(0, 47), "record 2 is cut off after 23 of 24"],
    ["oracle", "order", backwards, "record 2 says that request 1, which is over"],
    ["u32le", "cut.gz", packed.subarray(0, packed.length - 9), /beyond record \d+ \(unexpected/],
    ["u32le", "spoilt.gz", spoilt, /cannot be read beyond record \d+/],
    ["u32le", "cut.zst", cutZstd, /beyond record \d+ \(unexpected/],
    ["u32le", "not.zst", Buffer.from("no such thing"), /cannot be read beyond record 0/],
    ["csv", "a.csv", "a,1\nb,x\n", 'record 2 (line 2) has "x" as its size'],
    ["csv", "b.csv", "id,size\n\na,1\nb\n", 'record 2 (line 4) has "" as its size'],
    ["csv", "c.csv", "1,2,3,4,5\n", "record 1 has 5 columns"],
    ["csv", "d.csv", "x".repeat(100_000), "record 1 (line 0) has no end"],
    ["csv", "e.csv", "a,5000000000\n", "has size 5000000000"],
  ] as const)("%s: %s", async (format, name, bytes, message) => {
    const error = await run(write(name, bytes), format).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: "MESSAGE_MALFORMED" });
    expect(String(error)).toMatch(message);
  });
});

describe("what cannot be meant is refused", () => {
  test("sizes and times that are not in the trace", async () => {
    const file = write("keys", u32le([1, 2]));
    await expect(run(file, "u32le", { unit: "bytes" })).rejects.toThrow("--capacity-entries");
    await expect(run(file, "u32le", { ttlMs: 5 })).rejects.toThrow("no times");
    const lines = write("keys.csv", "1\n2\n");
    await expect(run(lines, "csv", { unit: "bytes" })).rejects.toThrow("--capacity-entries");
  });

  test("files that are not there", async () => {
    await expect(run(join(folder, "absent"), "csv")).rejects.toThrow("there is no trace at");
    await expect(run(folder, "csv")).rejects.toThrow("is not a file");
  });

  test("numbers that are none", () => {
    expect([bytesOf("--x", "1"), bytesOf("--x", " 1.5KiB"), bytesOf("--x", "2TiB")]).toEqual([
      ...[1, 1_536, 2 * 1024 ** 4],
    ]);
    expect(durationMsOf("--ttl", "2m")).toBe(120_000);
    for (const text of ["", "0", "-1", "1 parsec", "x"]) {
      expect(() => bytesOf("--capacity-bytes", text)).toThrow("--capacity-bytes");
      expect(() => durationMsOf("--ttl", text)).toThrow("--ttl");
    }
  });
});
