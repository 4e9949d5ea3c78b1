import type { Answer } from "@kvring/client";
import { percentile } from "./percentile.ts";

export type Layer = "l1" | "node" | "collapsed" | "computed";

/** Where an answer came from, by its own word. */
function layerOf(answer: Pick<Answer, "cacheStatus">): Layer {
  const { cacheStatus } = answer;
  if (cacheStatus.includes("detail=l1")) return "l1";
  if (cacheStatus.includes("detail=node")) return "node";
  return cacheStatus.includes("collapsed") ? "collapsed" : "computed";
}

/** What a stream of answers amounted to. */
export class AnswerBook {
  readonly counts: Record<Layer, number> = { l1: 0, node: 0, collapsed: 0, computed: 0 };
  readonly #ms: Record<Layer, number[]> = { l1: [], node: [], collapsed: [], computed: [] };
  readonly #first = new Map<number, Buffer>();
  #compared = 0;
  #different = 0;

  /** `item` tells which question it was: all answers to one question must be the same bytes. */
  add(item: number, answer: Answer, ms: number): void {
    const layer = layerOf(answer);
    this.counts[layer] += 1;
    this.#ms[layer].push(ms);
    this.compare(item, answer);
  }

  compare(item: number, answer: Answer): void {
    const bytes = Buffer.concat(answer.outputs.map(({ data }) => data));
    const first = this.#first.get(item);
    if (first === undefined) {
      this.#first.set(item, bytes);
      return;
    }
    this.#compared += 1;
    if (!first.equals(bytes)) this.#different += 1;
  }

  get requests(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  get hitRatio(): number {
    return this.requests === 0 ? 0 : (this.counts.l1 + this.counts.node) / this.requests;
  }

  /** Answers held against the first one to the same question, and how many differed. */
  get identity(): { readonly compared: number; readonly different: number } {
    return { compared: this.#compared, different: this.#different };
  }

  /** Milliseconds of answers from memory, or of those that were computed, at a share of 0 … 1. */
  quantile(kind: "hit" | "miss", share: number): number {
    const { l1, node, computed } = this.#ms;
    return percentile(kind === "hit" ? [...l1, ...node] : computed, share);
  }
}
