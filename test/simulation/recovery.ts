import type { Outcome } from "./ask.ts";
import type { Cluster, Running } from "./cluster.ts";
import { scopes } from "./entry.ts";
import type { Workload } from "./workload.ts";

/** What must be true again after the faults have stopped. */
export class Recovery {
  readonly #cluster: Cluster;
  readonly #workload: Workload;

  constructor(cluster: Cluster, workload: Workload) {
    this.#cluster = cluster;
    this.#workload = workload;
  }

  run(): void {
    const { scheduler, plan, truth } = this.#cluster;
    const settleMs = 4 * plan.terms.waitMs + 2 * plan.evictAfterMs;
    scheduler.runUntil(scheduler.nowMs + settleMs);
    if (this.#workload.open > 0) truth.violated(`${this.#workload.open} calls did not end`);
    // A copy that was on its way all the time may bring a dead gateway back for a while.
    for (let round = 0; round < 3 && this.#strangeMembership().length > 0; round += 1) {
      scheduler.runUntil(scheduler.nowMs + settleMs);
    }
    for (const strange of this.#strangeMembership()) truth.violated(strange);
    this.#update();
    this.#expectInvalidations();
    this.#expectHits();
  }

  /** The dead are out of the roster, the living are in; else what is wrong. */
  #strangeMembership(): string[] {
    const { running } = this.#cluster;
    return running.flatMap(({ gateway: { id, core } }) => {
      if (core.standing.kind !== "member") return [`${id} is ${core.standing.kind}`];
      if (core.gateways === running.length) return [];
      return [`${id} knows ${core.gateways} gateways, and there are ${running.length}`];
    });
  }

  /** By now everybody has the artifacts that ought to answer. */
  #update(): void {
    const { artifacts, workers, running } = this.#cluster;
    artifacts.forEach((artifact, model) => {
      for (const { current } of workers) current.load(model, artifact);
      for (const { front } of running) front.learn(model, artifact);
    });
  }

  /** All acknowledge, so nobody waits for a lease to run out. */
  #expectInvalidations(): void {
    const { scheduler, truth, plan, running } = this.#cluster;
    const quickMs = 40 * plan.network.latencyMs + 50;
    for (const one of running) {
      const startedMs = scheduler.nowMs;
      let tookMs = Number.POSITIVE_INFINITY;
      this.#workload.invalidate(one, [scopes.all], (isOk) => {
        if (isOk) tookMs = scheduler.nowMs - startedMs;
      });
      scheduler.runUntil(startedMs + 10 * quickMs);
      if (tookMs > quickMs) truth.violated(`${one.gateway.id} needed ${tookMs} ms to invalidate`);
    }
  }

  /** What was asked once is remembered. */
  #expectHits(): void {
    const { plan, running, truth } = this.#cluster;
    for (const one of running) {
      for (let key = 0; key < plan.keys; key += 1) {
        const outcomes = [this.#ask(one, key)];
        // More than twice where a computation takes longer than the request may, or a checkpoint
        // gives the entry up just then, for its scopes or its age.
        do outcomes.push(this.#ask(one, key));
        while (!isHit(outcomes.at(-1)) && outcomes.length < 6);
        if (isHit(outcomes.at(-1))) continue;
        truth.violated(`${one.gateway.id} answers key ${key} with ${outcomes}, not with a hit`);
      }
    }
  }

  #ask(one: Running, key: number): Outcome | undefined {
    const { scheduler } = this.#cluster;
    let outcome: Outcome | undefined;
    this.#workload.ask(one, this.#workload.question(key, []), (end) => {
      outcome = end;
    });
    for (let waitedMs = 0; outcome === undefined && waitedMs < 1_200; waitedMs += 20) {
      scheduler.runUntil(scheduler.nowMs + 20);
    }
    return outcome;
  }
}

function isHit(outcome: Outcome | undefined): boolean {
  return outcome === "near-hit" || outcome === "node-hit";
}
