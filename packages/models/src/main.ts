/**
 * Trains the digit classifier and writes it into the repository that kvring ships, with a record
 * of how it was made beside it. Takes half a minute.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadDigits } from "./digits.ts";
import { accuracy } from "./mnist/evaluation.ts";
import { decodeMnist, encodeMnist } from "./mnist/onnx-file.ts";
import { shippedRecipe, train } from "./mnist/training.ts";
import { shippedMnist, trainingRecord } from "./shipped.ts";

const digits = loadDigits();
const say = (line: string) => process.stderr.write(`${line}\n`);
say(`training on ${digits.train.length} digits, ${digits.test.length} are held out`);

const parameters = train(digits.train, shippedRecipe, (epoch, meanLoss) => {
  say(`epoch ${epoch} of ${shippedRecipe.epochs}: mean loss ${meanLoss.toFixed(4)}`);
});

const model = encodeMnist(parameters);
// Measured on what the file holds, which is rounded to single precision.
const reached = accuracy(decodeMnist(model), digits.test);
mkdirSync(dirname(shippedMnist), { recursive: true });
writeFileSync(shippedMnist, model);

const record = {
  ...shippedRecipe,
  trainDigits: digits.train.length,
  testDigits: digits.test.length,
  accuracy: reached,
  bytes: model.byteLength,
  sha256: createHash("sha256").update(model).digest("hex"),
};
writeFileSync(trainingRecord, `${JSON.stringify(record, undefined, 2)}\n`);
say(`${(100 * reached).toFixed(2)} % of the held-out digits right; wrote ${shippedMnist}`);
