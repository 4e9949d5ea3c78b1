import { h2load } from "../load/h2load.ts";
import type { Load } from "../load/load.ts";
import { openLoad } from "../load/open.ts";
import { contest } from "../system/contest.ts";
import { identityRequest } from "../system/models.ts";
import { farGateway, prime } from "./hits.ts";
import type { Scenario } from "./scenario.ts";

const smallBytes = 1024;
const largeBytes = 4 * 1024 * 1024;
const perSecond = 200;
const seconds = 4;

/**
 * Answers of 1 KB from a node at a fixed rate, open loop: alone, and while somebody asks for 4 MB
 * from the same node without a pause.
 */
export const besideLarge: Scenario = async (laboratory, effort) => {
  const { address, pids } = await farGateway(laboratory);
  const [small, large] = [identityRequest(smallBytes), identityRequest(largeBytes)];
  for (const message of [small, large]) await prime(address, message);
  const ask = (): Promise<Load> => {
    const message = (): Uint8Array => small;
    return openLoad({ address, perSecond, seconds: seconds * effort.share, message });
  };
  const megabytesPerSecond: number[] = [];
  const beside = async (): Promise<Load> => {
    const stream = new LargeStream(address, large);
    const load = await ask();
    megabytesPerSecond.push(await stream.stop());
    return load;
  };
  const results = await contest("beside-large", effort, [
    { system: "1 KB alone", pids, burst: ask },
    { system: "1 KB beside 4 MB", pids, burst: beside },
  ]);
  const alone = results[0]?.p99_ms ?? Number.NaN;
  return results.map((result) => {
    if (!result.system.includes("beside")) return result;
    const rate = megabytesPerSecond.reduce((sum, one) => sum + one, 0) / megabytesPerSecond.length;
    const note = `p99 ${(result.p99_ms / alone).toFixed(1)}×; ${rate.toFixed(0)} MB/s each way beside it`;
    return { ...result, note };
  });
};

/** One large question after another until it is stopped. */
class LargeStream {
  readonly #ended: Promise<void>;
  readonly #startMs = performance.now();
  #answers = 0;
  #isStopped = false;

  constructor(address: string, message: Uint8Array) {
    this.#ended = this.#ask(address, message);
  }

  /** MB per second. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#ended;
    const tookSeconds = (performance.now() - this.#startMs) / 1000;
    return (this.#answers * largeBytes) / 1e6 / tookSeconds;
  }

  async #ask(address: string, message: Uint8Array): Promise<void> {
    while (!this.#isStopped) {
      await h2load({ address, message, requests: 8, clients: 1, streams: 1 });
      this.#answers += 8;
    }
  }
}
