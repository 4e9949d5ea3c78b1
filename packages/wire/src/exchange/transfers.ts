import { limits, stampAge } from "@kvring/core";
import type { ProtoWriter } from "../protobuf/writer.ts";
import { encodeChunk } from "./frame.ts";
import type { Life } from "./result.ts";

/** A value that goes out in chunks, behind the item that announces it. */
export interface Transfer<Item> {
  readonly operationId: number;
  readonly announcement: Item;
  /** Left as they are until `release`. Several transfers may share one value. */
  readonly bytes: Uint8Array;
  /** Written into the copy that is sent. */
  readonly life?: Life | undefined;
  /** Called once: when the last byte was copied out, or the transfer was dropped. */
  readonly release?: (() => void) | undefined;
}

/** So many values take turns: all at once would let each wait for the last of all. */
const maxActive = 4;

interface Active<Item> {
  readonly transfer: Transfer<Item>;
  sentBytes: number;
}

/** The values one lane has to send: first come, first served, four at a time by turns. */
export class Transfers<Item> {
  readonly #encodeItem: (writer: ProtoWriter, item: Item) => void;
  #waiting: Transfer<Item>[] = [];
  readonly #active: Active<Item>[] = [];
  /** Transfers per value, so that a value that thousands wait for counts once. */
  readonly #shares = new Map<Uint8Array, number>();
  #bytes = 0;

  constructor(encodeItem: (writer: ProtoWriter, item: Item) => void) {
    this.#encodeItem = encodeItem;
  }

  /** The memory that is kept for sending. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#waiting.length + this.#active.length;
  }

  add(transfer: Transfer<Item>): void {
    const shares = this.#shares.get(transfer.bytes) ?? 0;
    this.#shares.set(transfer.bytes, shares + 1);
    if (shares === 0) this.#bytes += transfer.bytes.length;
    if (this.#active.length < maxActive) this.#active.push({ transfer, sentBytes: 0 });
    else this.#waiting.push(transfer);
  }

  /** Forgets a transfer of which nothing was sent; one that has begun goes on to its end. */
  drop(operationId: number): void {
    const isMeant = (transfer: Transfer<Item>) => transfer.operationId === operationId;
    const active = this.#active.findIndex((one) => one.sentBytes === 0 && isMeant(one.transfer));
    if (active >= 0) {
      for (const { transfer } of this.#active.splice(active, 1)) this.#end(transfer);
      this.#activate();
      return;
    }
    const waiting = this.#waiting.findIndex(isMeant);
    if (waiting >= 0) for (const transfer of this.#waiting.splice(waiting, 1)) this.#end(transfer);
  }

  /** What the next frame will need at most; 0 when nothing is to be sent. */
  nextFrameBytes(): number {
    const next = this.#active[0];
    if (next === undefined) return 0;
    return Math.min(limits.chunkBytes, next.transfer.bytes.length - next.sentBytes) + 1024;
  }

  /** Writes the next chunk, with its announcement before the first one, and moves the turn on. */
  writeNext(writer: ProtoWriter): void {
    const active = this.#active.shift();
    if (active === undefined) return;
    const { transfer, sentBytes } = active;
    if (sentBytes === 0) this.#encodeItem(writer, transfer.announcement);
    const length = Math.min(limits.chunkBytes, transfer.bytes.length - sentBytes);
    const target = encodeChunk(writer, transfer.operationId, sentBytes, length);
    target.set(transfer.bytes.subarray(sentBytes, sentBytes + length));
    if (sentBytes === 0 && transfer.life !== undefined) {
      stampAge(target, transfer.life.ageMs, transfer.life.ttlMs);
    }
    active.sentBytes += length;
    if (active.sentBytes < transfer.bytes.length) {
      this.#active.push(active);
      return;
    }
    this.#end(transfer);
    this.#activate();
  }

  close(): void {
    const dropped = [...this.#active.map(({ transfer }) => transfer), ...this.#waiting];
    this.#active.length = 0;
    this.#waiting = [];
    for (const transfer of dropped) this.#end(transfer);
  }

  #activate(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#active.push({ transfer: next, sentBytes: 0 });
  }

  #end({ bytes, release }: Transfer<Item>): void {
    const shares = (this.#shares.get(bytes) ?? 1) - 1;
    if (shares > 0) {
      this.#shares.set(bytes, shares);
    } else {
      this.#shares.delete(bytes);
      this.#bytes -= bytes.length;
    }
    release?.();
  }
}
