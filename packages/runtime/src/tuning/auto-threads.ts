import { availableParallelism } from "node:os";
import { KvringError, type Log } from "@kvring/core";
import type { ModelArtifact } from "../api.ts";
import type { ChooseThreads } from "../pool/runtime.ts";
import { chooseTrial, type Trial, type TrialPlan, tuneModel } from "./tune.ts";

const measureMs = 300;
const mostRemembered = 1_024;

export type Tune = (path: string, plans: readonly TrialPlan[]) => Promise<Trial[]>;

/**
 * Chooses the threads of models that leave it to us, by a short measurement of all numbers that the
 * cores allow beside as many processes as there are. A model's bytes are measured once.
 *
 * While others compute, all trials are slower alike; what is chosen is the best of the moment.
 */
export class AutoThreads {
  readonly #log: Log;
  readonly #cores: number;
  readonly #tune: Tune;
  /** By digest and processes, in order of arrival. */
  readonly #chosen = new Map<string, Promise<number>>();
  /** Two that are measured at once would each take the other for a slow machine. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    log: Log,
    cores: number = availableParallelism(),
    tune: Tune = (path, plans) => tuneModel(path, plans, { measureMs }),
  ) {
    this.#log = log;
    this.#cores = cores;
    this.#tune = tune;
  }

  readonly choose: ChooseThreads = async (artifact, processes) => {
    const key = `${artifact.digest} ${processes}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return await known;
    const choosing = this.#last.then(() => this.#measured(artifact, processes));
    this.#last = choosing;
    if (this.#chosen.size >= mostRemembered) {
      const [oldest] = this.#chosen.keys();
      if (oldest !== undefined) this.#chosen.delete(oldest);
    }
    this.#chosen.set(key, choosing);
    return await choosing;
  };

  /** Never rejects: a model that cannot be measured may still be loaded, and then says why. */
  async #measured({ path, name, version }: ModelArtifact, processes: number): Promise<number> {
    const plans: TrialPlan[] = [];
    for (let threads = 1; processes * threads <= this.#cores; threads *= 2) {
      plans.push({ processes, threads });
    }
    if (plans.length < 2) return 1;
    try {
      const { threads, perSecond } = chooseTrial(await this.#tune(path, plans));
      this.#log.info({ model: name, version, threads, perSecond }, "threads were measured");
      return threads;
    } catch (error) {
      const why = KvringError.from(error).message;
      this.#log.warn({ model: name, version, why }, "threads could not be measured; it gets one");
      return 1;
    }
  }
}
