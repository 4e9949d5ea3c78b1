import { createHash } from "node:crypto";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { externalModel, gatherModel, identityModel, int4Model, types } from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { readRepository } from "./repository.ts";

const identity = identityModel(types.float, ["n"]);
const weights = Buffer.from(Float32Array.of(10, 20).buffer);

let repository: TemporaryRepository;
beforeEach(async () => {
  repository = await TemporaryRepository.create();
});
afterEach(async () => {
  vi.useRealTimers();
  await repository.remove();
});

async function read() {
  const { models, rejected } = await readRepository(repository.dir);
  return { models, rejected, labels: models.map(({ name, version }) => `${name}/${version}`) };
}

describe("what is served", () => {
  test("a model with its digest, signature and config", async () => {
    const path = await repository.write("digits/1/model.onnx", identity);
    await repository.write("digits/config.json", '{"ttlMs": 1000}');
    await repository.write("README.md", "not a model");
    const { models, rejected } = await read();
    expect(rejected).toEqual([]);
    expect(models).toEqual([
      {
        name: "digits",
        version: "1",
        digest: createHash("sha256").update(identity).digest("hex"),
        path,
        signature: {
          inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
          outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
        },
        hazards: [],
        config: {
          ...{ ttlMs: 1000, tags: [], versions: "latest", threads: 1 },
          batching: { maxSize: 32, maxDelayMs: 2, tolerance: 0 },
        },
      },
    ]);
  });

  test.each([
    [{}, ["m/10"]],
    [{ versions: "latest" }, ["m/10"]],
    [{ versions: "all" }, ["m/2", "m/9", "m/10"]],
    [{ versions: ["9", "2", "9"] }, ["m/2", "m/9"]],
  ])("of the versions 2, 9 and 10 under %j", async (config, expected) => {
    for (const version of [2, 9, 10]) await repository.write(`m/${version}/model.onnx`, identity);
    await repository.write("m/config.json", JSON.stringify(config));
    expect((await read()).labels).toEqual(expected);
  });

  test("where the latest cannot be, the one before, and the reason is told", async () => {
    await repository.write("m/1/model.onnx", identity);
    await repository.write("m/2/model.onnx", identity.subarray(0, 20));
    const { labels, rejected } = await read();
    expect(labels).toEqual(["m/1"]);
    expect(rejected).toMatchObject([{ name: "m", version: "2" }]);
  });

  test("links within the repository are followed", async () => {
    await repository.write(".versions/a/model.onnx", identity);
    await repository.write("m/config.json", "{}");
    await symlink(join(repository.dir, ".versions/a"), join(repository.dir, "m/1"));
    expect((await read()).labels).toEqual(["m/1"]);
  });
});

describe("what is rejected, while the rest is served", () => {
  test.each([
    ["bad name!/1/model.onnx", identity, "bad name!", "", "cannot be a model name"],
    ["m/v1/model.onnx", identity, "m", "v1", "cannot be a version"],
    ["m/notes.txt", "", "m", "", "holds no version: its model belongs into m/1/model.onnx"],
    ["m/1/other.onnx", identity, "m", "1", "m/1/model.onnx does not exist"],
    ["m/1/model.onnx/x", identity, "m", "1", "model.onnx is not a regular file"],
    ["m/1/model.onnx", "not a model", "m", "1", "is not an ONNX file"],
    ["m/1/model.onnx", identity.subarray(0, 30), "m", "1", "the model file"],
    ["m/1/model.onnx", int4Model(), "m", "1", 'output "y" has type int4'],
    ["m/config.json", '{"ttl": 1}', "m", "", 'm/config.json: has no setting "ttl"'],
    ["m/1/model.onnx", externalModel("../w.bin"), "m", "1", 'data of tensor "w" at "../w.bin"'],
    ["m/1/model.onnx", externalModel("w.bin"), "m", "1", "m/1/w.bin does not exist"],
  ])("%s", async (path, content, name, version, reason) => {
    await repository.write(path, content);
    await repository.write("good/1/model.onnx", identity);
    const { labels, rejected } = await read();
    expect(labels).toEqual(["good/1"]);
    // The first reason is the cause; a directory without a version also lacks a model.
    expect(rejected[0]).toMatchObject({ name, version });
    expect(rejected[0]?.reason).toContain(reason);
  });

  test("a version that the config names and nobody put there", async () => {
    await repository.write("m/1/model.onnx", identity);
    await repository.write("m/config.json", '{"versions": ["1", "3"]}');
    const { labels, rejected } = await read();
    expect(labels).toEqual(["m/1"]);
    expect(rejected).toMatchObject([{ name: "m", version: "3" }]);
    expect(rejected[0]?.reason).toContain("m/3/model.onnx does not exist");
  });

  test("external data that is shorter than its tensor", async () => {
    await repository.write("m/1/model.onnx", externalModel("w.bin"));
    await repository.write("m/1/w.bin", weights.subarray(0, 7));
    expect((await read()).rejected[0]?.reason).toContain(
      "refers to 8 bytes of external data in w.bin, which has 7",
    );
  });

  test.each([
    ["its directory", "m"],
    ["its version", "m/1"],
    ["its file", "m/1/model.onnx"],
    ["its external data", "m/1/w.bin"],
    ["its config", "m/config.json"],
  ])("a model when %s is a link that leads outside", async (_, path) => {
    const outside = await TemporaryRepository.create();
    for (const place of [repository, outside]) {
      await place.write("m/1/model.onnx", externalModel("w.bin"));
      await place.write("m/1/w.bin", weights);
      await place.write("m/config.json", "{}");
    }
    await repository.remove(path);
    await symlink(join(outside.dir, path), join(repository.dir, path));
    const { models, rejected } = await read();
    await outside.remove();
    expect(models).toEqual([]);
    expect(rejected[0]?.reason).toContain("leads out of the repository");
  });

  test("no repository at all", async () => {
    const missing = join(repository.dir, "missing");
    await expect(readRepository(missing)).rejects.toMatchObject({
      reason: "BAD_CONFIG",
      message: expect.stringContaining(`${missing} does not exist`),
    });
    const file = await repository.write("file", "");
    await expect(readRepository(file)).rejects.toThrow("is not a directory");
  });
});

describe("the digest", () => {
  async function digest() {
    return (await read()).models[0]?.digest;
  }

  test("covers external data, byte by byte, and where it lies", async () => {
    await repository.write("m/1/model.onnx", externalModel("w.bin"));
    await repository.write("m/1/w.bin", weights);
    const before = await digest();
    expect(await digest()).toBe(before);
    await repository.write("m/1/w.bin", Buffer.concat([weights, Buffer.of(0)]));
    const longer = await digest();
    await repository.write("m/1/model.onnx", externalModel("deep/w.bin"));
    await repository.write("m/1/deep/w.bin", weights);
    const elsewhere = await digest();
    await repository.write("m/1/unrelated.bin", "nobody refers to this");
    expect(await digest()).toBe(elsewhere);
    expect(new Set([before, longer, elsewhere]).size).toBe(3);
    expect(before).toMatch(/^[0-9a-f]{64}$/);
  });

  test("of a model with external data is the one the README describes", async () => {
    const bytes = externalModel("w.bin");
    await repository.write("m/1/model.onnx", bytes);
    await repository.write("m/1/w.bin", weights);
    const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest();
    const list = ["kvring/model/1\0", sha256(bytes), "\x05\0\0\0w.bin", sha256(weights)];
    const expected = sha256(Buffer.concat(list.map((item) => Buffer.from(item)))).toString("hex");
    expect(await digest()).toBe(expected);
  });

  test("changes with the file, under the same version", async () => {
    await repository.write("m/1/model.onnx", identity);
    const before = await digest();
    await repository.write("m/1/model.onnx", gatherModel());
    expect(await digest()).not.toBe(before);
  });
});

describe("reading again", () => {
  test("files that did not change are not read, once their times have settled", async () => {
    await repository.write("same/1/model.onnx", identity);
    await repository.write("other/1/model.onnx", identity);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    const first = await readRepository(repository.dir);
    await repository.write("other/1/model.onnx", gatherModel());
    const second = await readRepository(repository.dir, first);
    // A signature that was read again would be equal, but another object.
    expect(second.models[1]?.signature).toBe(first.models[1]?.signature);
    expect(second.models[0]?.digest).not.toBe(first.models[0]?.digest);
  });

  test("files that were only just written are", async () => {
    await repository.write("m/1/model.onnx", identity);
    const first = await readRepository(repository.dir);
    const second = await readRepository(repository.dir, first);
    expect(second).toEqual(first);
    expect(second.models[0]?.signature).not.toBe(first.models[0]?.signature);
  });

  test("a config is, always", async () => {
    await repository.write("m/1/model.onnx", identity);
    const first = await readRepository(repository.dir);
    await repository.write("m/config.json", '{"threads": 2}');
    const second = await readRepository(repository.dir, first);
    expect(second.models[0]?.config.threads).toBe(2);
  });
});
