import type { Slot } from "../slot.ts";
import { OwnAllocations } from "../value-memory.ts";

export const poison = 0xdb;

/**
 * Memory for tests that behaves as slabs will: what is freed is overwritten. Whoever reads a value
 * past its time sees it.
 */
export class PoisonedMemory extends OwnAllocations {
  override free(slot: Slot): void {
    this.read(slot).fill(poison);
    super.free(slot);
  }
}
