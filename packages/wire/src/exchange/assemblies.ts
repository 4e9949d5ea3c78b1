import { KvringError, limits } from "@kvring/core";
import type { LargeBuffers } from "../memory/large-buffers.ts";
import { malformed } from "../protobuf/reader.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { Chunk } from "./frame.ts";

/** A peer sends four values at a time; a few more are let pass, a flood is not. */
const maxUnderWay = 16;

/** The size of the value that an item announces; 0: none, or it is in the item. */
export function bulkBytesOf(item: object): number {
  return "bulkBytes" in item && typeof item.bulkBytes === "number" ? item.bulkBytes : 0;
}

interface Assembly<Item> {
  readonly item: Item;
  readonly totalBytes: number;
  filledBytes: number;
  /** Undefined: nobody wants it, or there is no room; its chunks are passed over. */
  readonly memory: Buffer | undefined;
}

/**
 * The values of one lane that are arriving in chunks. Memory is taken from a budget before it is
 * allocated, so announcing much costs the peer its link and us nothing.
 */
export class Assemblies<Item> {
  readonly #underWay = new Map<number, Assembly<Item>>();
  readonly #budget: ByteBudget;
  readonly #memory: LargeBuffers | undefined;

  /** Values lie in `memory` where there is one, for who takes them to give back. */
  constructor(budget: ByteBudget, memory?: LargeBuffers) {
    this.#budget = budget;
    this.#memory = memory;
  }

  /**
   * A value was announced. False when the budget has no room for it: its chunks will be passed
   * over. Throws when no honest peer would announce it.
   */
  begin(operationId: number, item: Item, totalBytes: number): boolean {
    this.#check(operationId, totalBytes);
    const room = this.#budget.take(totalBytes);
    const memory = room ? this.#room(totalBytes) : undefined;
    this.#underWay.set(operationId, { item, totalBytes, filledBytes: 0, memory });
    return room;
  }

  /** A value was announced that nobody wants. */
  pass(operationId: number, item: Item, totalBytes: number): void {
    this.#check(operationId, totalBytes);
    this.#underWay.set(operationId, { item, totalBytes, filledBytes: 0, memory: undefined });
  }

  /** Takes a chunk in, and gives item and value when it was the last one. */
  add(chunk: Chunk): { readonly item: Item; readonly value: Buffer } | undefined {
    const assembly = this.#underWay.get(chunk.operationId);
    if (assembly === undefined) throw malformed("a chunk belongs to no announced value");
    const { memory, totalBytes, filledBytes } = assembly;
    if (chunk.offset !== filledBytes || chunk.bytes.length > totalBytes - filledBytes) {
      throw malformed("a chunk does not continue its value");
    }
    if (chunk.bytes.length === 0) throw malformed("a chunk is empty");
    memory?.set(chunk.bytes, filledBytes);
    assembly.filledBytes += chunk.bytes.length;
    if (assembly.filledBytes < totalBytes) return undefined;
    this.#underWay.delete(chunk.operationId);
    if (memory === undefined) return undefined;
    this.#budget.give(totalBytes);
    return { item: assembly.item, value: memory };
  }

  close(): void {
    for (const { memory, totalBytes } of this.#underWay.values()) {
      if (memory !== undefined) this.#budget.give(totalBytes);
    }
    this.#underWay.clear();
  }

  /** Not from Buffer's pool: a value that is kept as it is must pin nothing else. */
  #room(totalBytes: number): Buffer {
    return this.#memory?.take(totalBytes) ?? Buffer.allocUnsafeSlow(totalBytes);
  }

  #check(operationId: number, totalBytes: number): void {
    if (totalBytes > limits.messageBytes) {
      throw new KvringError(
        "MESSAGE_TOO_LARGE",
        `a value of ${totalBytes} bytes was announced, at most ${limits.messageBytes} are taken`,
      );
    }
    if (this.#underWay.has(operationId)) throw malformed("a value was announced twice");
    if (this.#underWay.size >= maxUnderWay) {
      throw malformed(`more than ${maxUnderWay} values are under way on one lane`);
    }
  }
}
