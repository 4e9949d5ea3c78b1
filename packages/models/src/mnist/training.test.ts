import { expect, test } from "vitest";
import { loadDigits } from "../digits.ts";
import { accuracy } from "./evaluation.ts";
import { shippedRecipe, train } from "./training.ts";

const digits = loadDigits();
const few = digits.train.slice(0, 96);

test("the same seed gives the same parameters, another seed others", () => {
  const recipe = { ...shippedRecipe, epochs: 1 };
  const first = train(few, recipe).all;
  expect(train(few, recipe).all).toEqual(first);
  expect(train(few, { ...recipe, seed: 8 }).all).not.toEqual(first);
});

test("training learns: digits it never saw are read far better than by chance", () => {
  const losses: number[] = [];
  const recipe = { ...shippedRecipe, epochs: 3 };
  const parameters = train(digits.train.slice(0, 320), recipe, (_, loss) => losses.push(loss));
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  expect(accuracy(parameters, digits.test.slice(0, 200))).toBeGreaterThan(0.5);
});
