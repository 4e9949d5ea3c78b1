import { SlabMemory } from "../slab-memory.ts";
import type { Slot } from "../slot.ts";
import { OwnAllocations } from "./own-allocations.ts";

export const poison = 0xdb;

/** Memory that overwrites what is freed: whoever reads a value past its time sees it. */
export class PoisonedMemory extends OwnAllocations {
  override free(slot: Slot): void {
    this.read(slot).fill(poison);
    super.free(slot);
  }
}

/** The same of slabs. The allocator's own words come back to a part of it. */
export class PoisonedSlabs extends SlabMemory {
  override free(slot: Slot): void {
    for (const part of this.parts(slot)) part.fill(poison);
    super.free(slot);
  }
}
