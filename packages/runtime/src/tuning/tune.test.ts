import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { gatherRowsModel, identityModel, types } from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { chooseTrial, tuneModel } from "./tune.ts";

vi.setConfig({ testTimeout: 30_000 });

let repository: TemporaryRepository;
beforeAll(async () => {
  repository = await TemporaryRepository.create();
});
afterAll(() => repository.remove());

describe("what is chosen", () => {
  test("answers the most, with as few processes and threads as do the same", () => {
    const trial = (processes: number, threads: number, perSecond: number) => ({
      ...{ processes, threads, perSecond, p50Ms: 1 },
    });
    expect(chooseTrial([trial(1, 1, 100), trial(2, 1, 190)])).toMatchObject({ processes: 2 });
    const even = [trial(2, 1, 100), trial(1, 2, 98), trial(1, 1, 97)];
    expect(chooseTrial(even)).toMatchObject({ processes: 1, threads: 1 });
  });
});

test("a model is run as planned, on inputs that it takes", async () => {
  const path = await repository.write("gather/1/model.onnx", gatherRowsModel());
  const plans = [
    { processes: 1, threads: 1 },
    { processes: 2, threads: 1 },
  ];
  const trials = await tuneModel(path, plans, { measureMs: 20 });
  expect(trials).toMatchObject(plans);
  for (const { perSecond, p50Ms } of trials) {
    expect(perSecond).toBeGreaterThan(0);
    expect(p50Ms).toBeGreaterThan(0);
  }
});

test("a model that takes strings is refused", async () => {
  const path = await repository.write("text/1/model.onnx", identityModel(types.string, ["n"]));
  await expect(tuneModel(path, [], { measureMs: 1 })).rejects.toThrow("takes strings");
});
