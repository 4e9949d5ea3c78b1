import assert from "node:assert";

/** Bytes that several parties may take together, and no more. */
export class ByteBudget {
  readonly capacityBytes: number;
  #takenBytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** False when there is no room; then nothing is taken. */
  take(bytes: number): boolean {
    if (bytes > this.capacityBytes - this.#takenBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    assert(bytes <= this.#takenBytes, "what is given back was taken before");
    this.#takenBytes -= bytes;
  }
}
