import { describe } from "vitest";
import type { BusLimits } from "../options.ts";
import type { Bus } from "../ports.ts";
import { describeCourier } from "./courier.ts";
import { describeLifecycle } from "./lifecycle.ts";
import { describeLog } from "./log.ts";
import { describePresence } from "./presence.ts";
import { describePurge } from "./purge.ts";
import { describeQueue } from "./queue.ts";
import { describeRegistry } from "./registry.ts";

/** What a test may open; the harness closes it after the test. */
export interface BusWorld {
  /** An empty bus of its own as two processes have it, which in-process is the same object. */
  pair(limits?: Partial<BusLimits>): Promise<{ readonly one: Bus; readonly two: Bus }>;
}

/** What every implementation of the ports has to do. */
export function describeBus(name: string, world: BusWorld): void {
  describe(`${name} bus`, () => {
    describeLog(world);
    describePurge(world);
    describeRegistry(world);
    describeQueue(world);
    describeCourier(world);
    describePresence(world);
    describeLifecycle(world);
  });
}
