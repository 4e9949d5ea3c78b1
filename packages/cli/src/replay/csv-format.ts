import { StringDecoder } from "node:string_decoder";
import { KvringError } from "@kvring/core";
import { type Batch, KeyNumbers } from "./batch.ts";
import type { TraceFormat } from "./trace-format.ts";

const columnNames = ["time", "id", "size", "cost_ms"] as const;
type Column = (typeof columnNames)[number];

/** Without a line of names, columns are told by their number. */
const unnamed: Readonly<Record<number, readonly Column[]>> = {
  1: ["id"],
  2: ["id", "size"],
  3: ["time", "id", "size"],
  4: ["time", "id", "size", "cost_ms"],
};

/** Longer lines are not of a trace. */
const mostLineLength = 64 * 1024;

/**
 * Lines of values between commas: `id`, and optionally `size` in bytes, `time` in seconds and
 * `cost_ms`. The first line may name the columns, in any order and among others; then the number
 * of columns is free. Keys are texts; there are no quotes.
 */
export class CsvFormat implements TraceFormat {
  readonly #uniformCostMs: number;
  readonly #decoder = new StringDecoder("utf8");
  readonly #keys = new KeyNumbers();
  #columns: ReadonlyMap<Column, number> | undefined;
  #text = "";
  #lines = 0;
  #records = 0;

  constructor(uniformCostMs: number) {
    this.#uniformCostMs = uniformCostMs;
  }

  get hasSizes(): boolean {
    return this.#columns === undefined || this.#columns.has("size");
  }

  get hasTimes(): boolean {
    return this.#columns === undefined || this.#columns.has("time");
  }

  get hasCosts(): boolean {
    return this.#columns?.has("cost_ms") === true;
  }

  get records(): number {
    return this.#records;
  }

  read(bytes: Buffer, offset: number, batch: Batch): number {
    let at = offset;
    while (!batch.isFull && at < bytes.length) {
      const newline = bytes.indexOf(0x0a, at);
      const end = newline === -1 ? bytes.length : newline;
      this.#text += this.#decoder.write(bytes.subarray(at, end));
      if (this.#text.length > mostLineLength) throw this.#damaged("has no end");
      if (newline === -1) return bytes.length;
      at = newline + 1;
      this.#takeLine(batch);
    }
    return at;
  }

  end(batch: Batch): void {
    if (this.#text !== "") this.#takeLine(batch);
  }

  #takeLine(batch: Batch): void {
    const line = this.#text.trim();
    this.#text = "";
    this.#lines += 1;
    if (line === "") return;
    const values = line.split(",").map((value) => value.trim());
    if (this.#columns === undefined) {
      const names = values.map((value) => value.toLowerCase());
      const isHead = names.includes("id");
      this.#columns = columnsOf(isHead ? names : unnamed[values.length], values.length);
      if (isHead) return;
    }
    this.#records += 1;
    const key = this.#value("id", values);
    if (key === undefined || key === "") throw this.#damaged("has no id");
    const size = Math.max(1, this.#number("size", values) ?? 1);
    if (size > 0xffff_ffff) throw this.#damaged(`has size ${size}, and 4294967295 is possible`);
    const costMs = this.#number("cost_ms", values) ?? this.#uniformCostMs;
    const atMs = (this.#number("time", values) ?? 0) * 1_000;
    batch.push(this.#keys.numberOf(key), Math.ceil(size), costMs, atMs);
  }

  #value(column: Column, values: readonly string[]): string | undefined {
    const at = this.#columns?.get(column);
    return at === undefined ? undefined : values[at];
  }

  #number(column: Column, values: readonly string[]): number | undefined {
    if (this.#columns?.has(column) !== true) return undefined;
    const text = this.#value(column, values);
    const value = Number(text);
    if (text !== undefined && text !== "" && value >= 0 && value < Number.POSITIVE_INFINITY) {
      return value;
    }
    throw this.#damaged(`has "${text ?? ""}" as its ${column}, which is no number from 0`);
  }

  #damaged(why: string): KvringError {
    const where = `record ${Math.max(1, this.#records)} (line ${this.#lines})`;
    return new KvringError("MESSAGE_MALFORMED", `the trace is damaged: ${where} ${why}`);
  }
}

function columnsOf(
  names: readonly string[] | undefined,
  count: number,
): ReadonlyMap<Column, number> {
  if (names !== undefined) {
    const found = columnNames.map((name): [Column, number] => [name, names.indexOf(name)]);
    return new Map(found.filter(([, at]) => at >= 0));
  }
  throw new KvringError(
    "MESSAGE_MALFORMED",
    `record 1 has ${count} columns: name them in the first line, as in "time,id,size"`,
  );
}
