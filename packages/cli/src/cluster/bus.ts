import { type Bus, connectNatsBus, createInProcessBus } from "@kvring/bus";
import { type Log, systemClock } from "@kvring/core";

/** NATS where a URL is given, else a bus inside this process. */
export function openBus(options: {
  readonly nats: string | undefined;
  readonly replicas: number;
  readonly name: string;
  readonly log: Log;
  /** Of workers: their jobs go to another one after so long a silence. */
  readonly ackWaitMs?: number;
}): Promise<Bus> | Bus {
  const { nats, ackWaitMs, ...common } = options;
  if (nats === undefined) return createInProcessBus({ clock: systemClock });
  return connectNatsBus({
    ...common,
    ...(ackWaitMs !== undefined && { ackWaitMs }),
    servers: nats.split(","),
    clock: systemClock,
  });
}
