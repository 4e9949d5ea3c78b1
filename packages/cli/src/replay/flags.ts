import { KvringError } from "@kvring/core";
import { type PolicyChoice, policyChoices, policyNames } from "@kvring/store";
import { bytesOf } from "./quantities.ts";

export interface Capacities {
  readonly unit: "entries" | "bytes";
  /** As they were given, each once. */
  readonly capacities: readonly number[];
}

/** `all`, which are the fixed ones, or a list. Throws BAD_CONFIG. */
export function policiesOf(text: string): PolicyChoice[] {
  const policies = text.split(",").flatMap((name): readonly PolicyChoice[] => {
    if (name.trim() === "all") return policyNames;
    const known = policyChoices.find((policy) => policy === name.trim());
    if (known !== undefined) return [known];
    throw new KvringError(
      "BAD_CONFIG",
      `--policy is "${name}", but must be all or some of ${policyChoices.join(", ")}`,
    );
  });
  return [...new Set(policies)];
}

/** Undefined where neither flag is given. Throws BAD_CONFIG. */
export function capacitiesOf({
  capacityEntries,
  capacityBytes,
}: {
  readonly capacityEntries?: string;
  readonly capacityBytes?: string;
}): Capacities | undefined {
  if (capacityEntries !== undefined && capacityBytes !== undefined) {
    throw new KvringError("BAD_CONFIG", "give --capacity-entries or --capacity-bytes, not both");
  }
  if (capacityBytes !== undefined) {
    return { unit: "bytes", capacities: sizes("--capacity-bytes", capacityBytes, bytesOf) };
  }
  if (capacityEntries === undefined) return undefined;
  return { unit: "entries", capacities: sizes("--capacity-entries", capacityEntries, entriesOf) };
}

/** From 0. Throws BAD_CONFIG. */
export function wholeNumberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new KvringError("BAD_CONFIG", `${flag} is "${text}", but must be a whole number from 0`);
}

/** `.svg`, whatever else the name is. Throws BAD_CONFIG. */
export function plotPathOf(text: string): string {
  if (text.endsWith(".svg")) return text;
  throw new KvringError(
    "BAD_CONFIG",
    `--plot is "${text}", but must be a name that ends in .svg, which is what is drawn`,
  );
}

function sizes(flag: string, list: string, sizeOf: (flag: string, text: string) => number) {
  const values = list.split(",").map((text) => sizeOf(flag, text));
  return [...new Set(values)];
}

function entriesOf(flag: string, text: string): number {
  const entries = Number(text);
  // One entry has a slot of 32 bits.
  if (Number.isInteger(entries) && entries >= 1 && entries < 2 ** 31) return entries;
  throw new KvringError(
    "BAD_CONFIG",
    `${flag} is "${text}", but must be whole numbers from 1, as in "1000,2000"`,
  );
}
