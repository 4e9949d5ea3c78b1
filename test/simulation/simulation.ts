import { protocolRules, type Rules } from "@kvring/coherence";
import { Cluster, type Habits, type Trace } from "./cluster.ts";
import { Faults } from "./faults.ts";
import { planOf } from "./plan.ts";
import { Recovery } from "./recovery.ts";
import { type Tally, Workload } from "./workload.ts";

/** Something that the protocol does otherwise, to see whether anybody notices. */
export interface Mutation {
  readonly rules?: Partial<Rules>;
  readonly habits?: Partial<Habits>;
}

export interface Run {
  readonly seed: number;
  readonly steps: number;
  /** What must not have happened; empty in a clean run. */
  readonly violations: readonly string[];
  readonly tally: Tally;
}

const habits: Habits = { keepsId: false, skipsErased: false, joinsLate: false };

/** One run, which the seed alone decides. */
export function simulate(seed: number, mutation: Mutation = {}, trace: Trace = () => {}): Run {
  const plan = planOf(seed);
  const rules = { ...protocolRules, ...mutation.rules };
  const cluster = new Cluster(plan, rules, { ...habits, ...mutation.habits }, trace);
  const { scheduler, truth } = cluster;
  const workload = new Workload(cluster);
  try {
    workload.start();
    const faults = new Faults(cluster);
    faults.start();
    scheduler.runUntil(plan.stormMs);
    workload.stop();
    faults.stop();
    scheduler.runUntil(plan.stormMs + plan.requestDeadlineMs * 1.3);
    const { late, lost } = workload.tally;
    if (plan.isConstant && late + lost > 0) truth.violated(`${late} late, ${lost} lost: starved`);
    new Recovery(cluster, workload).run();
  } catch (error) {
    truth.violated(`thrown: ${error instanceof Error ? error.stack : error}`);
  }
  const { violations } = truth;
  return { seed, steps: scheduler.steps, violations, tally: workload.tally };
}
