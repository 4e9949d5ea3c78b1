import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import { type Digit, loadDigits } from "../digits.ts";
import { seededRandom } from "../random.ts";
import { shippedMnist, trainingRecord } from "../shipped.ts";
import { openSession } from "../testing/session.ts";
import { largest } from "./evaluation.ts";
import { draw } from "./image.ts";
import { Network } from "./network.ts";
import { decodeMnist, encodeMnist } from "./onnx-file.ts";
import { initialParameters } from "./parameters.ts";
import { shippedRecipe } from "./training.ts";

const file = readFileSync(shippedMnist);
const digits = loadDigits();
let session: InferenceSession;

beforeAll(async () => {
  session = await openSession(file);
});

/** One row of ten scores per digit, by ONNX Runtime in one batch. */
async function runtimeScores(batch: readonly Digit[]): Promise<Float32Array[]> {
  const images = new Float32Array(batch.length * 784);
  for (const [index, { pixels }] of batch.entries()) {
    images.set(
      Float32Array.from(pixels).map((pixel) => pixel / 255),
      index * 784,
    );
  }
  const image = new Tensor("float32", images, [batch.length, 1, 28, 28]);
  const { scores } = await session.run({ image });
  const data = scores?.data as Float32Array;
  return batch.map((_, index) => data.subarray(10 * index, 10 * index + 10));
}

test("the shipped model takes images and gives scores, any number at a time", () => {
  expect(session.inputMetadata).toEqual([
    { name: "image", isTensor: true, type: "float32", shape: ["batch", 1, 28, 28] },
  ]);
  expect(session.outputMetadata).toEqual([
    { name: "scores", isTensor: true, type: "float32", shape: ["batch", 10] },
  ]);
});

test("the shipped model reads at least 97 % of the held-out digits", async () => {
  let right = 0;
  // One batch of all would take ten times as long, most of it to get memory.
  for (let start = 0; start < digits.test.length; start += 100) {
    const batch = digits.test.slice(start, start + 100);
    const scores = await runtimeScores(batch);
    right += scores.filter((row, index) => largest(row) === batch[index]?.label).length;
  }
  const accuracy = right / digits.test.length;
  expect(accuracy).toBeGreaterThanOrEqual(0.97);
  const record = JSON.parse(readFileSync(trainingRecord, "utf8"));
  // A digit or two may tip over between single and double precision.
  expect(Math.abs(accuracy - record.accuracy)).toBeLessThanOrEqual(0.001);
});

test("ONNX Runtime and the trainer agree to 1e-4", async () => {
  const sample = digits.test.slice(0, 200);
  const scores = await runtimeScores(sample);
  const network = new Network(decodeMnist(file));
  const image = new Float64Array(784);
  let furthest = 0;
  for (const [index, { pixels }] of sample.entries()) {
    draw(image, pixels);
    for (const [o, score] of network.scores(image).entries()) {
      furthest = Math.max(furthest, Math.abs(score - (scores[index]?.[o] as number)));
    }
  }
  expect(furthest).toBeLessThan(1e-4);
});

test("the record beside it tells how this very file was made", () => {
  const record = JSON.parse(readFileSync(trainingRecord, "utf8"));
  expect(record).toMatchObject(shippedRecipe);
  expect(record).toMatchObject({ trainDigits: 8000, testDigits: 2000, bytes: file.byteLength });
  expect(createHash("sha256").update(file).digest("hex")).toBe(record.sha256);
});

test("what was encoded is decoded, to single precision", () => {
  const parameters = initialParameters(seededRandom(1));
  const back = decodeMnist(encodeMnist(parameters));
  expect(back.all).toEqual(parameters.all.map(Math.fround));
  expect(Buffer.from(encodeMnist(decodeMnist(file))).equals(file)).toBe(true);
});
