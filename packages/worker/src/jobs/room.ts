/** What may be in a room at a time. */
export interface RoomSize {
  readonly places: number;
  /** What is larger than all of it may come in when nobody else is there. */
  readonly bytes: number;
}

/**
 * A bound on the jobs that are worked on and on the inputs they bring, which may be megabytes
 * each: who finds no room waits in turn.
 */
export class Room {
  readonly #size: RoomSize;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #places = 0;
  #bytes = 0;

  constructor(size: RoomSize) {
    this.#size = size;
  }

  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#enter(bytes);
    else await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    try {
      return await work();
    } finally {
      this.#places -= 1;
      this.#bytes -= bytes;
      this.#admit();
    }
  }

  /** Nobody who comes later slips in before who waits, however little it brings. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); ) {
      this.#waiting.shift();
      this.#enter(next.bytes);
      next.enter();
      next = this.#waiting[0];
    }
  }

  #fits(bytes: number): boolean {
    if (this.#places === 0) return true;
    return this.#places < this.#size.places && this.#bytes + bytes <= this.#size.bytes;
  }

  #enter(bytes: number): void {
    this.#places += 1;
    this.#bytes += bytes;
  }
}
