import { type Clock, systemClock } from "@kvring/core";
import { type BusLimits, defaultBusLimits } from "../options.ts";
import type { Bus, BusStatus, Stoppable } from "../ports.ts";
import { InProcessCourier } from "./courier.ts";
import { InProcessLog } from "./log.ts";
import { InProcessPresence } from "./presence.ts";
import { InProcessQueue } from "./queue.ts";
import { InProcessRegistry } from "./registry.ts";

export interface InProcessBusOptions extends Partial<BusLimits> {
  readonly clock?: Clock;
}

/**
 * A bus for parties that live in one process and share this object. Everything is in memory and
 * ends with the process; the log keeps every record, and refuses more than `logBytes` of them.
 */
export function createInProcessBus(options: InProcessBusOptions = {}): Bus {
  const { clock = systemClock, ...limits } = options;
  return new InProcessBus(clock, { ...defaultBusLimits, ...limits });
}

class InProcessBus implements Bus {
  readonly log: InProcessLog;
  readonly registry = new InProcessRegistry();
  readonly queue: InProcessQueue;
  readonly courier: InProcessCourier;
  readonly presence = new InProcessPresence();
  readonly #listeners = new Set<(status: BusStatus) => void>();
  #status: BusStatus = { state: "connected" };

  constructor(clock: Clock, limits: BusLimits) {
    this.log = new InProcessLog(clock, limits);
    this.queue = new InProcessQueue(clock, limits);
    this.courier = new InProcessCourier(clock);
  }

  get status(): BusStatus {
    return this.#status;
  }

  onStatus(listener: (status: BusStatus) => void): Stoppable {
    this.#listeners.add(listener);
    return { stop: async () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    if (this.#status.state === "disconnected") return;
    this.#status = { state: "disconnected", why: "the bus was closed" };
    for (const part of [this.log, this.registry, this.queue, this.courier, this.presence]) {
      part.close();
    }
    for (const listener of this.#listeners) listener(this.#status);
    this.#listeners.clear();
  }
}
