import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Something with an id that messages can reach. */
export interface Receiver {
  readonly id: string;
  receive(run: () => void): void;
}

export interface NetworkPlan {
  readonly latencyMs: number;
  readonly loss: number;
  /** From and to the log. */
  readonly logLoss: number;
  readonly duplication: number;
  /** Of messages that take many times as long, and so arrive out of order. */
  readonly straggling: number;
}

/** Messages between processes: late, out of order, twice, or never. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #plan: NetworkPlan;
  /** `from>to` of cut directions, each as often as it was cut. */
  readonly #cuts = new Map<string, number>();
  #isCalm = false;

  constructor(scheduler: Scheduler, random: Random, plan: NetworkPlan) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#plan = plan;
  }

  send(from: string, to: Receiver, run: () => void): void {
    if (this.#isCut(from, to.id)) return;
    if (!this.#isCalm) {
      const { loss, logLoss } = this.#plan;
      const isOfLog = from.startsWith("log") || to.id === "log";
      if (this.#random.chance(isOfLog ? logLoss : loss)) return;
      if (this.#random.chance(this.#plan.duplication)) this.#deliver(from, to, run);
    }
    this.#deliver(from, to, run);
  }

  /** Nothing passes from one to the other until the function returned is called. */
  cut(from: string, to: string): () => void {
    const direction = `${from}>${to}`;
    this.#cuts.set(direction, (this.#cuts.get(direction) ?? 0) + 1);
    return () => {
      const count = (this.#cuts.get(direction) ?? 0) - 1;
      if (count > 0) this.#cuts.set(direction, count);
      else this.#cuts.delete(direction);
    };
  }

  /** From now on messages arrive, in time. */
  calm(): void {
    this.#isCalm = true;
    this.#cuts.clear();
  }

  #deliver(from: string, to: Receiver, run: () => void): void {
    this.#scheduler.after(this.#latency(), () => {
      // What was under way when a partition began is lost too.
      if (!this.#isCut(from, to.id)) to.receive(run);
    });
  }

  #latency(): number {
    const { latencyMs, straggling } = this.#plan;
    const usual = latencyMs * (0.2 + this.#random.exponential(0.8));
    const isLate = !this.#isCalm && this.#random.chance(straggling);
    return isLate ? usual * this.#random.between(5, 200) : usual;
  }

  #isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`);
  }
}
