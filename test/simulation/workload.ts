import type { ScopeId } from "@kvring/core";
import type { Outcome, Question } from "./ask.ts";
import type { Cluster, Running } from "./cluster.ts";
import { scopes } from "./entry.ts";

export type Tally = Record<Outcome, number> & { invalidated: number; notInvalidated: number };

/** What clients do: they ask, and whoever owns models and data invalidates. */
export class Workload {
  readonly tally: Tally = {
    "near-hit": 0,
    "node-hit": 0,
    computed: 0,
    joined: 0,
    late: 0,
    lost: 0,
    invalidated: 0,
    notInvalidated: 0,
  };
  /** Requests and invalidations that have not ended. */
  open = 0;
  readonly #cluster: Cluster;
  #isOver = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(): void {
    const { requestEveryMs, invalidateEveryMs, artifactEveryMs } = this.#cluster.plan;
    this.#repeat(requestEveryMs, () => this.#burst());
    this.#repeat(invalidateEveryMs, () => this.#invalidate());
    this.#repeat(artifactEveryMs, () => this.#changeArtifact());
  }

  stop(): void {
    this.#isOver = true;
  }

  /** A paused gateway takes it in when it goes on; one that dies before never had it. */
  ask({ gateway, front }: Running, question: Question, onEnd?: (outcome: Outcome) => void): void {
    gateway.process.receive(() => {
      this.open += 1;
      front.ask(question, (outcome) => {
        this.open -= 1;
        this.tally[outcome] += 1;
        onEnd?.(outcome);
      });
    });
  }

  invalidate(running: Running, one: readonly ScopeId[], onEnd?: (isOk: boolean) => void): void {
    running.gateway.process.receive(() => {
      this.open += 1;
      const isBroad = one.every((scope) => scope < scopes.tag(0));
      this.#cluster.invalidate(running, one, isBroad, (isOk) => {
        this.open -= 1;
        if (isOk) this.tally.invalidated += 1;
        else this.tally.notInvalidated += 1;
        onEnd?.(isOk);
      });
    });
  }

  question(key: number, tags: readonly number[]): Question {
    return { key, model: key % this.#cluster.plan.models, tags };
  }

  #repeat(meanMs: number, act: () => void): void {
    if (meanMs === Number.POSITIVE_INFINITY) return;
    const { scheduler, random } = this.#cluster;
    scheduler.after(random.exponential(meanMs), () => {
      if (this.#isOver) return;
      act();
      this.#repeat(meanMs, act);
    });
  }

  /** Popular keys are asked for by several at once, on any gateway. */
  #burst(): void {
    const { random, plan } = this.#cluster;
    const key = random.whole(0, plan.keys - 1);
    const count = random.chance(0.1) ? 5 : 1;
    for (let index = 0; index < count; index += 1) {
      const running = random.pickOrNone(this.#cluster.running);
      const tags = random.chance(0.4) ? [random.whole(0, plan.tags - 1)] : [];
      if (running !== undefined) this.ask(running, this.question(key, tags));
    }
  }

  #invalidate(): void {
    const { random, scheduler } = this.#cluster;
    const running = random.pickOrNone(this.#cluster.running);
    if (running === undefined) return;
    const count = random.chance(0.15) ? 2 : 1;
    const one = (): void =>
      this.invalidate(
        running,
        Array.from({ length: count }, () => this.#anyScope()),
      );
    one();
    // Others come while the first one's append is under way, or is to be repeated.
    for (let follower = 0; follower < 3 && random.chance(0.3); follower += 1) {
      scheduler.after(random.exponential(150), one);
    }
  }

  #anyScope(): ScopeId {
    const { random, plan } = this.#cluster;
    switch (random.pick(["all", "model", "tag", "key", "key"] as const)) {
      case "all":
        return scopes.all;
      case "model":
        return scopes.model(random.whole(0, plan.models - 1));
      case "tag":
        return scopes.tag(random.whole(0, plan.tags - 1));
      case "key":
        return scopes.key(random.whole(0, plan.keys - 1));
    }
  }

  /** A model's file is replaced: workers load it and gateways hear of it, each in its own time. */
  #changeArtifact(): void {
    const { random, plan, artifacts, workers, running, scheduler } = this.#cluster;
    const model = random.whole(0, plan.models - 1);
    const artifact = (artifacts[model] ?? 0) + 1;
    artifacts[model] = artifact;
    for (const { current } of workers) {
      scheduler.after(random.between(0, 600), () => current.load(model, artifact));
    }
    for (const { front } of running) {
      scheduler.after(random.between(0, 600), () => front.learn(model, artifact));
    }
    const announcer = random.pickOrNone(running);
    if (announcer !== undefined) this.invalidate(announcer, [scopes.model(model)]);
  }
}
