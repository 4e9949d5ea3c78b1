import type { Cluster, Running } from "./cluster.ts";
import type { FaultPlan } from "./plan.ts";
import type { Process } from "./process.ts";

/** Breaks things, each kind at its own pace, until it is told to stop. */
export class Faults {
  readonly #cluster: Cluster;
  /** What undoes the faults that last, whenever it is called. */
  readonly #undo = new Set<() => void>();
  #isOver = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(): void {
    const { faults } = this.#cluster.plan;
    const kinds: [keyof FaultPlan, () => void][] = [
      ["pauseMs", () => this.#pause()],
      ["crashMs", () => this.#crash()],
      ["partitionMs", () => this.#partition()],
      ["stallMs", () => this.#stall()],
      ["outageMs", () => this.#outage()],
      ["replacementMs", () => this.#replace()],
      ["leaveMs", () => this.#leave()],
      [
        "evictionMs",
        () => this.#cluster.random.pick(this.#cluster.nodes).current.evict(this.#cluster.random),
      ],
      ["ringViewMs", () => this.#changeView()],
    ];
    for (const [kind, strike] of kinds) this.#repeat(faults[kind], strike);
  }

  /** Everything runs again, is reachable, and stays so. */
  stop(): void {
    this.#isOver = true;
    for (const undo of [...this.#undo]) undo();
    const { network, replaced, places, nodes, running } = this.#cluster;
    network.calm();
    for (const one of replaced.splice(0)) this.#cluster.killGateway(one);
    places.forEach(({ current }, index) => {
      if (current.gateway.process.isDead) this.#cluster.startGateway(index);
    });
    for (const { front } of running) front.setView(nodes.map(({ current }) => current));
  }

  #repeat(meanMs: number, strike: () => void): void {
    if (meanMs === Number.POSITIVE_INFINITY) return;
    const { scheduler, random } = this.#cluster;
    scheduler.after(random.exponential(meanMs), () => {
      if (this.#isOver) return;
      strike();
      this.#repeat(meanMs, strike);
    });
  }

  /** The fault is over after a while, or when all are. */
  #lasting(durationMs: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#cluster.scheduler.after(durationMs, once);
  }

  #duration(): number {
    const { random, plan } = this.#cluster;
    return plan.terms.waitMs * random.pick([0.1, 1]) * random.between(0.2, 2);
  }

  #processes(): Process[] {
    const { running, nodes, workers } = this.#cluster;
    return [
      ...running.map(({ gateway }) => gateway.process),
      ...nodes.map(({ current }) => current.process),
      ...workers.map(({ current }) => current.process),
    ].filter(({ isRunning }) => isRunning);
  }

  #pause(): void {
    const process = this.#cluster.random.pickOrNone(this.#processes());
    if (process === undefined) return;
    process.pause();
    this.#lasting(this.#duration(), () => process.resume());
  }

  #crash(): void {
    const { random, nodes, workers, places } = this.#cluster;
    switch (random.pick(["node", "worker", "gateway", "gateway"] as const)) {
      case "node": {
        const index = random.whole(0, nodes.length - 1);
        const dead = nodes[index]?.current;
        dead?.process.die();
        this.#lasting(this.#duration(), () => {
          if (nodes[index]?.current === dead) this.#cluster.startNode(index);
        });
        break;
      }
      case "worker": {
        const index = random.whole(0, workers.length - 1);
        const dead = workers[index]?.current;
        dead?.die();
        this.#lasting(this.#duration(), () => {
          if (workers[index]?.current === dead) this.#cluster.startWorker(index);
        });
        break;
      }
      case "gateway": {
        const index = random.whole(0, places.length - 1);
        const current = places[index]?.current;
        if (current === undefined) return;
        this.#cluster.killGateway(current);
        this.#lasting(this.#duration(), () => this.#restart(index, current));
        break;
      }
    }
  }

  #restart(index: number, dead: Running): void {
    if (this.#cluster.places[index]?.current === dead) this.#cluster.startGateway(index);
  }

  /** Between two processes, or one and all others; both ways, or one; for once, or on and off. */
  #partition(): void {
    const { random, log } = this.#cluster;
    const ids = this.#processes().map(({ id }) => id);
    const one = random.chance(0.6) ? log.id : random.pick([...ids, log.id]);
    const other = random.pickOrNone(ids);
    const others = random.chance(0.7) && other !== undefined ? [other] : [...ids, log.id];
    const ways = random.pick(["in", "out", "both"] as const);
    const cut = (): void => this.#cut(one, others, ways);
    cut();
    // A connection that comes back only for a moment is worse than one that does not.
    for (let after = 0; random.chance(0.4); after += 1) {
      this.#cluster.scheduler.after(this.#duration() + after, () => !this.#isOver && cut());
    }
  }

  #stall(): void {
    const { random, log } = this.#cluster;
    const one = random.pickOrNone(this.#processes());
    if (one !== undefined) this.#cut(log.readsId, [one.id], "out");
  }

  #cut(one: string, others: readonly string[], ways: "in" | "out" | "both"): void {
    const { network, log } = this.#cluster;
    const heals = others.flatMap((other) => [
      ...(ways === "in" ? [] : [network.cut(one, other)]),
      ...(ways === "out" ? [] : [network.cut(other, one)]),
      ...(one === log.id && ways !== "in" ? [network.cut(log.readsId, other)] : []),
      ...(other === log.id && ways !== "out" ? [network.cut(log.readsId, one)] : []),
    ]);
    this.#lasting(this.#duration(), () => {
      for (const heal of heals) heal();
    });
  }

  #outage(): void {
    const { log, random, plan } = this.#cluster;
    if (!log.isUp) return;
    log.goAway();
    const { lossChance, recreationChance } = plan.faults;
    this.#lasting(this.#duration(), () => {
      if (random.chance(lossChance)) {
        if (random.chance(recreationChance)) log.recreate();
        else log.loseTail(random.whole(1, 12));
      }
      log.comeBack();
    });
  }

  /** The orchestrator took it for dead, and it is not. */
  #replace(): void {
    const { random, places, replaced } = this.#cluster;
    const index = random.whole(0, places.length - 1);
    const old = places[index]?.current;
    if (old === undefined || old.gateway.process.isDead || replaced.length > 2) return;
    if (random.chance(0.7)) {
      const { process } = old.gateway;
      process.pause();
      this.#lasting(this.#duration(), () => process.resume());
    }
    replaced.push(old);
    this.#cluster.startGateway(index);
    this.#lasting(2 * this.#duration(), () => this.#cluster.killGateway(old));
  }

  #leave(): void {
    const { gateway } = this.#cluster.random.pick(this.#cluster.places).current;
    gateway.process.receive(() => gateway.leave());
  }

  /** Gateways need not agree about the ring. */
  #changeView(): void {
    const { random, running, nodes } = this.#cluster;
    const front = random.pickOrNone(running)?.front;
    const view = random.shuffled(nodes.map(({ current }) => current));
    front?.setView(view.slice(0, random.whole(0, view.length)));
  }
}
