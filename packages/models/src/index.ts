export { type Digit, type Digits, loadDigits } from "./digits.ts";
export { addModel, dynamicBatchModel, sumDifferenceModel } from "./fixtures/arithmetic.ts";
export { type BurnAmount, burnModel, defaultBurn } from "./fixtures/burn.ts";
export { abortsAtLoadModel, abortsModel, failsAtRunModel } from "./fixtures/failing.ts";
export { heavyDigitsModel } from "./fixtures/heavy-digits.ts";
export { echoBytesModel, identityModel } from "./fixtures/identity.ts";
export {
  type FixtureName,
  type ServedFixture,
  servedFixtures,
  writeFixtureRepository,
} from "./fixtures/repository.ts";
export { batchMeanModel, type DenseSize, defaultDense, denseModel } from "./fixtures/rows.ts";
export {
  bfloat16InputModel,
  float8OutputModel,
  int4OutputModel,
  sequenceOutputModel,
} from "./fixtures/unsupported.ts";
export { type Random, seededRandom, shuffled } from "./random.ts";
export { shippedMnist, shippedRepository } from "./shipped.ts";
