import { type Log, ManualClock, silentLog } from "@kvring/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RepositorySnapshot } from "../api.ts";
import { gatherModel, identityModel, types } from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { readRepository } from "./repository.ts";
import { RepositoryWatch, type WatchOptions, watchRepository } from "./watch.ts";

const identity = identityModel(types.float, ["n"]);

let repository: TemporaryRepository;
let seen: RepositorySnapshot[];
let stop: () => Promise<void>;
beforeEach(async () => {
  repository = await TemporaryRepository.create();
  await repository.write("m/1/model.onnx", identity);
  seen = [];
});
afterEach(async () => {
  await stop();
  await repository.remove();
});

/** A watch that looks when the test tells it to. */
function looker(options: Partial<WatchOptions> = {}) {
  const watch = new RepositoryWatch(repository.dir, {
    onChange: (snapshot) => seen.push(snapshot),
    clock: new ManualClock(),
    ...options,
  });
  stop = () => watch.stop();
  return watch;
}

function names() {
  return seen.map(({ models }) => models.map(({ name }) => name).join());
}

describe("a change", () => {
  test("is taken when two looks agree", async () => {
    const watch = looker();
    await watch.look();
    expect(seen).toEqual([]);
    await watch.look();
    expect(names()).toEqual(["m"]);
    await repository.write("n/1/model.onnx", identity.subarray(0, 30));
    await watch.look();
    await repository.write("n/1/model.onnx", identity);
    await watch.look();
    expect(names()).toEqual(["m"]);
    await watch.look();
    expect(names()).toEqual(["m", "m,n"]);
    expect(seen[1]?.rejected).toEqual([]);
  });

  test("of a file's content, of its config, and a removal", async () => {
    const watch = looker({ previous: await readRepository(repository.dir) });
    async function lookTwice() {
      await watch.look();
      await watch.look();
      return seen.at(-1);
    }
    expect(await lookTwice()).toBeUndefined();
    await repository.write("m/1/model.onnx", gatherModel());
    const digest = (await lookTwice())?.models[0]?.digest;
    expect(digest).toBeDefined();
    await repository.write("m/config.json", '{"ttlMs": 1}');
    expect((await lookTwice())?.models[0]).toMatchObject({ digest, config: { ttlMs: 1 } });
    await repository.remove("m");
    expect((await lookTwice())?.models).toEqual([]);
    expect(seen.length).toBe(3);
  });

  test("that changes nothing is none", async () => {
    const watch = looker({ previous: await readRepository(repository.dir) });
    await repository.write("m/1/model.onnx", identity);
    await repository.write("README.md", "hello");
    await watch.look();
    await watch.look();
    expect(seen).toEqual([]);
  });

  test("is taken while somebody writes a log beside the models", async () => {
    const watch = looker();
    await watch.look();
    await repository.write("serving.log", "one line");
    await repository.write("m/serving.log", "one line");
    await watch.look();
    expect(names()).toEqual(["m"]);
  });

  test("whose taker fails is reported, and the next is taken", async () => {
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_, message) => errors.push(message) };
    const onChange = vi.fn<() => void>(() => {
      throw new Error("no");
    });
    const watch = looker({ onChange, log });
    await watch.look();
    await watch.look();
    expect(errors).toEqual(["a change of the model repository was not taken"]);
    await repository.write("n/1/model.onnx", identity);
    await watch.look();
    await watch.look();
    expect(onChange).toHaveBeenCalledTimes(2);
  });
});

test("a repository that is gone for a while is served as it was, and said once", async () => {
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => errors.push(message) };
  const watch = looker({ previous: await readRepository(repository.dir), log });
  await repository.remove();
  await watch.look();
  await watch.look();
  expect(errors).toEqual(["the model repository cannot be followed"]);
  await repository.write("n/1/model.onnx", identity);
  await watch.look();
  await watch.look();
  expect(names()).toEqual(["n"]);
});

describe("a watch that runs by itself", () => {
  async function watching(pollMs: number): Promise<void> {
    const watch = await watchRepository(repository.dir, {
      onChange: (snapshot) => seen.push(snapshot),
      pollMs,
      settleMs: 5,
    });
    stop = () => watch.stop();
  }

  test.each([
    ["every so often", 10],
    ["when the kernel tells of a change", 3_600_000],
  ])("reads at once, and looks %s", async (_, pollMs) => {
    await watching(pollMs);
    expect(names()).toEqual(["m"]);
    await repository.write("n/1/model.onnx", identity);
    await vi.waitFor(() => expect(names().at(-1)).toBe("m,n"), 4_000);
    // In a directory that was not there when the watching began.
    await repository.write("n/2/model.onnx", gatherModel());
    await vi.waitFor(() => expect(seen.at(-1)?.models.at(-1)?.version).toBe("2"), 4_000);
  });

  test("does not begin without a repository", async () => {
    stop = async () => {};
    const watch = watchRepository(`${repository.dir}/missing`, { onChange: () => {} });
    await expect(watch).rejects.toMatchObject({ reason: "BAD_CONFIG" });
  });

  test("ends when it is stopped", async () => {
    const clock = new ManualClock();
    const watch = looker({ clock });
    const look = vi.spyOn(watch, "look");
    await watch.start();
    clock.advance(500);
    expect(look).toHaveBeenCalledTimes(1);
    await watch.stop();
    clock.advance(3_600_000);
    expect(look).toHaveBeenCalledTimes(1);
    expect(names()).toEqual(["m"]);
  });
});
