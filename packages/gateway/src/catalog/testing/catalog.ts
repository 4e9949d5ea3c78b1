import { setImmediate } from "node:timers/promises";
import { activate, announceRecord, type Bus, type CatalogEntry } from "@kvring/bus";
import { silentLog } from "@kvring/core";
import { ModelCatalog } from "../model-catalog.ts";

/** 64 hex digits that begin with `start`. */
export function digestOf(start: string): string {
  return start.padEnd(64, "0");
}

/** A model of two INT32 inputs with their sum and difference. */
export function entryOf(parts: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    model: "sums",
    version: "1",
    digest: digestOf("1"),
    platform: "onnxruntime_onnx",
    inputs: [
      { name: "a", datatype: "INT32", shape: [2] },
      { name: "b", datatype: "INT32", shape: [2] },
    ],
    outputs: [
      { name: "sum", datatype: "INT32", shape: [2] },
      { name: "difference", datatype: "INT32", shape: [2] },
    ],
    tags: [],
    ...parts,
  };
}

/** Activates the entries, and announces a worker that computes them. */
export async function publish(bus: Bus, ...entries: readonly CatalogEntry[]): Promise<void> {
  for (const entry of entries) await activate(bus.registry, entry, undefined);
  const digests = entries.map(({ digest }) => digest);
  await announceRecord(bus.presence, "worker", { id: "worker-1", digests, rejected: [] });
}

/** A catalog that follows the bus and has heard all that was said so far. */
export async function catalogOf(bus: Bus): Promise<ModelCatalog> {
  const catalog = new ModelCatalog(silentLog);
  await catalog.follow(bus.registry, bus.presence);
  await heard();
  return catalog;
}

/** The bus in this process tells everything within two turns of the event loop. */
export async function heard(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}
