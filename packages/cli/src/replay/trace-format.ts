import { KvringError } from "@kvring/core";
import { type Batch, KeyNumbers } from "./batch.ts";
import { CsvFormat } from "./csv-format.ts";

/**
 * Where a trace does not say what a miss costs: the same for all. So much, because libCacheSim's
 * GDSF counts in these units, and its figures are reproduced to the last miss.
 */
const uniformCostMs = 1e6;

export const formatNames = ["u32le", "oracle", "csv"] as const;
export type FormatName = (typeof formatNames)[number];

/** Takes a trace apart, piece by piece, however its bytes are cut. Errors name the record. */
export interface TraceFormat {
  readonly hasSizes: boolean;
  readonly hasTimes: boolean;
  /** What a miss costs is the trace's own. */
  readonly hasCosts: boolean;
  /** Records taken in so far. */
  readonly records: number;
  /** Reads on in `bytes` from `offset` until they or the batch are used up; where it stopped. */
  read(bytes: Buffer, offset: number, batch: Batch): number;
  /** The bytes are over: throws when a record is cut off. */
  end(batch: Batch): void;
}

export function traceFormat(name: FormatName): TraceFormat {
  switch (name) {
    case "u32le":
      return new FixedFormat(4, { hasSizes: false, hasTimes: false }, readKey);
    case "oracle":
      return new FixedFormat(24, { hasSizes: true, hasTimes: true }, readOracle);
    case "csv":
      return new CsvFormat(uniformCostMs);
  }
}

function damaged(record: number, why: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `the trace is damaged: record ${record} ${why}`);
}

type ReadRecord = (
  bytes: Buffer,
  at: number,
  record: number,
  keys: KeyNumbers,
  batch: Batch,
) => void;

/** Records of one length. */
class FixedFormat implements TraceFormat {
  readonly hasSizes: boolean;
  readonly hasTimes: boolean;
  readonly hasCosts = false;
  readonly #recordBytes: number;
  readonly #readRecord: ReadRecord;
  readonly #keys = new KeyNumbers();
  /** The beginning of a record whose end comes with the next piece. */
  readonly #begun: Buffer;
  #begunBytes = 0;
  #records = 0;

  constructor(
    recordBytes: number,
    { hasSizes, hasTimes }: { readonly hasSizes: boolean; readonly hasTimes: boolean },
    readRecord: ReadRecord,
  ) {
    this.hasSizes = hasSizes;
    this.hasTimes = hasTimes;
    this.#recordBytes = recordBytes;
    this.#readRecord = readRecord;
    this.#begun = Buffer.alloc(recordBytes);
  }

  get records(): number {
    return this.#records;
  }

  read(bytes: Buffer, offset: number, batch: Batch): number {
    let at = offset;
    while (!batch.isFull && at < bytes.length) {
      const isWhole = this.#begunBytes === 0 && bytes.length - at >= this.#recordBytes;
      if (isWhole) {
        this.#take(bytes, at, batch);
        at += this.#recordBytes;
        continue;
      }
      const copied = bytes.copy(this.#begun, this.#begunBytes, at);
      at += copied;
      this.#begunBytes += copied;
      if (this.#begunBytes < this.#recordBytes) break;
      this.#begunBytes = 0;
      this.#take(this.#begun, 0, batch);
    }
    return at;
  }

  end(): void {
    if (this.#begunBytes === 0) return;
    throw damaged(
      this.#records + 1,
      `is cut off after ${this.#begunBytes} of ${this.#recordBytes} bytes`,
    );
  }

  #take(bytes: Buffer, at: number, batch: Batch): void {
    this.#records += 1;
    this.#readRecord(bytes, at, this.#records, this.#keys, batch);
  }
}

function readKey(bytes: Buffer, at: number, _record: number, keys: KeyNumbers, batch: Batch): void {
  batch.push(keys.numberOf(bytes.readUInt32LE(at)), 1, uniformCostMs, 0);
}

/**
 * libCacheSim's oracleGeneral: u32 time in seconds, u64 key, u32 size, i64 number of the request
 * that asks for the key next, little-endian. A request that is asked for again before it came
 * tells of damage.
 */
function readOracle(
  bytes: Buffer,
  at: number,
  record: number,
  keys: KeyNumbers,
  batch: Batch,
): void {
  const [low, high] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
  // A number holds 53 bits exactly; most keys are smaller, and a BigInt costs an object.
  const key = high < 2 ** 21 ? high * 2 ** 32 + low : bytes.readBigUInt64LE(at + 4);
  const size = bytes.readUInt32LE(at + 12);
  const next = bytes.readUInt32LE(at + 16) + bytes.readInt32LE(at + 20) * 2 ** 32;
  if (next >= 0 && next < record) {
    throw damaged(record, `says that request ${next}, which is over, asks for its key next`);
  }
  batch.push(keys.numberOf(key), Math.max(1, size), uniformCostMs, bytes.readUInt32LE(at) * 1_000);
}
