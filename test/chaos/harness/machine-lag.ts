import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 5;
/** A request passes through about so many processes of the same machine. */
const hops = 4;

/**
 * How long the machine lets processes wait that could run. The tests share it with the cluster they
 * watch, and with whatever else runs there: a duration that is not above this says nothing.
 */
export class MachineLag {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });

  start(): void {
    this.#delay.reset();
    this.#delay.enable();
  }

  /** What a request, passing through several processes, may have waited for the machine. */
  stop(): number {
    this.#delay.disable();
    const withheldMs = this.#delay.percentile(99) / 1e6 - resolutionMs;
    return Math.round(Math.max(0, withheldMs) * hops);
  }
}
