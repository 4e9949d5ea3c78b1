import { KvringError } from "./errors.ts";
import type { TensorSpec } from "./tensor.ts";

/** Which artifact answers: changed bytes are another model, whatever the version says. */
export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the model's bytes with its external data, as 64 lower-case hex digits. */
  readonly digest: string;
}

/** What a model takes and gives, in the order in which it declares them. */
export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Without leading zeros, so that no two texts are the same version. */
const versionPattern = /^[1-9][0-9]{0,17}$/;

/** Model names become directory names, subjects and label values, so they are kept plain. */
export function checkModelName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new KvringError(
    "MODEL_INVALID",
    `"${name.slice(0, 160)}" cannot be a model name: letters, digits, "_", "." and "-", at most 128, first a letter or digit`,
  );
}

export function isModelVersion(version: string): boolean {
  return versionPattern.test(version);
}

/** Of two versions the newer: they are numbers, and 10 comes after 9. */
export function compareVersions(a: string, b: string): number {
  return Number(BigInt(a) - BigInt(b));
}
