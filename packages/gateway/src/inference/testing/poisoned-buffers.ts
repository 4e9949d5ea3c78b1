import { LargeBuffers } from "@kvring/wire";

const poison = 0xdb;

/** Memory that is overwritten when it is given back: whoever reads it past its time sees that. */
export class PoisonedBuffers extends LargeBuffers {
  given = 0;

  constructor() {
    super(0);
  }

  override give(memory: Uint8Array): void {
    this.given += 1;
    memory.fill(poison);
    super.give(memory);
  }
}
