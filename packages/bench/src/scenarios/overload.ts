import { KvringClient } from "@kvring/client";
import { KvringError } from "@kvring/core";
import { closedLoad } from "../load/closed.ts";
import type { Load } from "../load/load.ts";
import { openLoad } from "../load/open.ts";
import { contest } from "../system/contest.ts";
import { digitRequest, slowRequest } from "../system/models.ts";
import { nearGateway, prime } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const hitsPerSecond = 500;
const seconds = 4;
/** What a caller of the slow model waits. */
const timeoutMs = 500;

/** No question is asked twice, whatever the scenario. */
let asked = 0x5000_0000;

/**
 * Hits at a fixed rate, open loop, while new questions come to a model of 15 ms: half as many as
 * its worker can do, and twice as many, of which it has to refuse half.
 */
export const overload: Scenario = async (laboratory, effort) => {
  const near = await nearGateway(laboratory);
  const message = digitRequest(0);
  await prime(near.address, message);
  const { requestsPerSecond: most } = await closedLoad({
    ...{ addresses: [near.address], requests: 60, lanes: 2 },
    message: () => slowRequest(asked++),
  });
  const refused = new Map<string, number>();
  const under = (system: string, share: number) => ({
    ...{ system, pids: near.pids },
    burst: async (): Promise<Load> => {
      const misses = new Misses(near.address, most * share);
      const load = await openLoad({
        ...{ address: near.address, perSecond: hitsPerSecond },
        ...{ seconds: seconds * effort.share, message: () => message },
      });
      refused.set(system, await misses.stop());
      return load;
    },
  });
  const systems = [under("hits, misses at half load", 0.5), under("hits, misses at 2× load", 2)];
  const results = await contest("overload", effort, systems);
  const [half] = results;
  return results.map((result) => {
    const times = result.p99_ms / (half?.p99_ms ?? Number.NaN);
    const share = Math.round(100 * (refused.get(result.system) ?? 0));
    return { ...result, note: `p99 ${times.toFixed(2)}×; ${share} % of the misses refused` };
  });
};

/** New questions at a fixed rate, whatever becomes of them, until `stop`. */
class Misses {
  readonly #client: KvringClient;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #refused = 0;

  constructor(address: string, perSecond: number) {
    this.#client = new KvringClient(address);
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) * perSecond) / 1_000;
      while (this.#sent < due) this.#ask();
    }, 2);
  }

  #ask(): void {
    this.#sent += 1;
    const answer = this.#client.inferRaw(slowRequest(asked++), { timeoutMs }).then(
      () => {},
      (error: unknown) => {
        const { code } = KvringError.from(error);
        if (code !== "RESOURCE_EXHAUSTED" && code !== "DEADLINE_EXCEEDED") throw error;
        this.#refused += 1;
      },
    );
    this.#open.add(answer);
    void answer.finally(() => this.#open.delete(answer)).catch(() => {});
  }

  /** Of those that were asked, the share that was refused, or too late. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#client.close();
    return this.#refused / Math.max(1, this.#sent);
  }
}
