import {
  formatListen,
  type KvringError,
  type Log,
  parseListen,
  silentLog,
  systemClock,
} from "@kvring/core";
import {
  createMetrics,
  exportMetrics,
  type Metrics,
  type MetricsExport,
  mergeMetrics,
  serveHttp,
} from "@kvring/ops";
import { Counter, Gauge, type Registry } from "prom-client";
import { serveUntilInterrupted } from "../commands/serve.ts";
import type { StartMember } from "./start.ts";
import { Supervised } from "./supervised.ts";

/** The flags of the n-th member, from 0, behind those of the command. */
export type MemberFlags = (index: number) => readonly string[];

/** "gateway" as three processes: gateway-1, gateway-2, gateway-3. */
export function memberNames(name: string, processes: number): string[] {
  return Array.from({ length: processes }, (_, index) => `${name}-${index + 1}`);
}

/** The address with a port `index` higher; 0 stays any free one. */
export function portAfter(address: string, index: number): string {
  const { host, port } = parseListen(address);
  return formatListen({ host, port: port === 0 ? 0 : port + index });
}

/** The address with a port that is free now, where any would do. Throws PORT_IN_USE or BAD_CONFIG. */
export async function chosenPort(address: string): Promise<string> {
  const { host, port } = parseListen(address);
  if (port !== 0) return address;
  const metrics = { render: () => Promise.resolve({ contentType: "text/plain", text: "" }) };
  const listen = { host, port };
  const probe = await serveHttp({ listen, metrics, log: silentLog, live: [], ready: [] });
  await probe.close();
  return probe.address;
}

/**
 * Runs a command as several processes: starts them, starts again what dies, tells of all of them on
 * one HTTP port, and drains them together. Throws what refuses one of them at its start.
 */
export async function supervise(parts: {
  readonly name: string;
  /** One for each process, its name. */
  readonly names: readonly string[];
  readonly start: StartMember;
  readonly flags: MemberFlags;
  readonly http: string;
  readonly log: Log;
  /** How long each may take to leave. */
  readonly drainMs: number;
}): Promise<void> {
  const { name, names, start, flags, http, log, drainMs } = parts;
  let refusal: KvringError | undefined;
  const members = names.map(
    (memberName, index) =>
      new Supervised({
        name: memberName,
        start: () => start([...process.argv.slice(2), ...flags(index)]),
        clock: systemClock,
        log,
        onRefused(error) {
          refusal ??= error;
          log.error({ process: memberName, reason: error.reason }, error.message);
        },
      }),
  );
  const checks = members.map((member) => ({ name: member.name, failing: () => member.missing }));
  const page = await serveHttp({
    listen: parseListen(http),
    metrics: metricsOf(name, members),
    log,
    live: [],
    ready: checks,
  });
  await serveUntilInterrupted({
    addresses: () => {
      const addresses = members.flatMap(({ addresses: each }) => each?.["grpc"] ?? []);
      return { grpc: [...new Set(addresses)].join(","), http: page.address };
    },
    checks,
    refusal: () => refusal,
    ...{ log, drainMs },
    async drain() {
      await Promise.all(members.map((member) => member.drain()));
      await page.close();
    },
  });
}

function metricsOf(name: string, members: readonly Supervised[]): Pick<Metrics, "render"> {
  const own = createMetrics();
  registerProcesses(own.registry, members);
  return {
    async render() {
      const theirs = await Promise.all(members.map((member) => member.metrics()));
      const answered = theirs.filter((each): each is MetricsExport => each !== undefined);
      return mergeMetrics([await exportMetrics(own.registry, name), ...answered]);
    },
  };
}

function registerProcesses(registry: Registry, members: readonly Supervised[]): void {
  new Gauge({
    name: "kvring_processes_ready",
    help: "Processes that can do their work, of those that are supervised here",
    registers: [registry],
    collect() {
      this.set(members.filter(({ missing }) => missing === undefined).length);
    },
  });
  new Counter({
    name: "kvring_process_restarts_total",
    help: "Processes that died and were started again",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(members.reduce((sum, { restarts }) => sum + restarts, 0));
    },
  });
}
