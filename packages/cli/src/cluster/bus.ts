import { type Bus, connectNatsBus, createInProcessBus } from "@kvring/bus";
import { type Log, systemClock } from "@kvring/core";

/** NATS where a URL is given, else a bus inside this process. */
export function openBus(options: {
  readonly nats: string | undefined;
  readonly replicas: number;
  readonly name: string;
  readonly log: Log;
}): Promise<Bus> | Bus {
  const { nats, replicas, name, log } = options;
  if (nats === undefined) return createInProcessBus({ clock: systemClock });
  return connectNatsBus({ servers: nats.split(","), replicas, name, log, clock: systemClock });
}
