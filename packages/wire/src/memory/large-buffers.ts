/** Below this, memory is as cheap fresh. */
const leastBytes = 64 * 1024;
/** So much larger than asked for may what is given be. */
const mostSlack = 1.5;

/**
 * Memory for large messages that is used again: filling fresh memory takes many times as long as
 * filling memory that is in use already (4 MB: 22 to 38 ms against 1 ms, page by page).
 *
 * Who takes memory owns it. To give it back is never a duty, and means that nobody reads it any
 * more; what is not given back is the collector's. So only who knows the end gives it back.
 */
export class LargeBuffers {
  readonly #mostIdleBytes: number;
  readonly #lent = new WeakSet<ArrayBufferLike>();
  /** The one that was given back last is last. */
  #idle: Buffer[] = [];
  #idleBytes = 0;

  /** `mostIdleBytes`: what is kept for later; beyond, what waited longest goes. */
  constructor(mostIdleBytes: number) {
    this.#mostIdleBytes = mostIdleBytes;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Exactly so many bytes, whatever is in them. */
  take(bytes: number): Buffer {
    if (bytes < leastBytes) return Buffer.allocUnsafe(bytes);
    const memory = this.#takeIdle(bytes) ?? Buffer.allocUnsafeSlow(bytes);
    this.#lent.add(memory.buffer);
    return memory.subarray(0, bytes);
  }

  /** Any view on what was taken; of anything else, and again, it does nothing. */
  give({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer)) return;
    this.#idle.push(Buffer.from(buffer as ArrayBuffer));
    this.#idleBytes += buffer.byteLength;
    while (this.#idleBytes > this.#mostIdleBytes) {
      this.#idleBytes -= this.#idle.shift()?.length ?? 0;
    }
  }

  #takeIdle(bytes: number): Buffer | undefined {
    const fits = ({ length }: Buffer): boolean => length >= bytes && length <= mostSlack * bytes;
    const at = this.#idle.findLastIndex(fits);
    if (at < 0) return undefined;
    const [memory] = this.#idle.splice(at, 1);
    this.#idleBytes -= memory?.length ?? 0;
    return memory;
  }
}
