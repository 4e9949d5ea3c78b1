import { KvringError, type Log, parseListen } from "@kvring/core";
import { type Check, createLog, type Metrics, onShutdown, serveHttp } from "@kvring/ops";
import { needsInsecure } from "../config/values.ts";
import { isMember, serveAsMember } from "../processes/member.ts";
import { print } from "../report/output.ts";

/** What all commands that serve until interrupted do the same way. */

export function openLog(name: string, level: "debug" | "info" | "warn" | "error"): Log {
  return createLog({ level, pretty: process.stderr.isTTY, fields: { process: name } });
}

/** Listening beyond this machine in clear text has to be asked for. */
export function refuseOpenPorts(addresses: readonly string[], insecure: boolean): void {
  const open = addresses.find(needsInsecure);
  if (open === undefined || insecure) return;
  throw new KvringError(
    "BAD_CONFIG",
    `${open} can be reached from other machines, and there is no TLS: listen on 127.0.0.1, or say --insecure`,
  );
}

/**
 * A process that does one thing, until it is interrupted: with a port for operators and a ready line
 * of its own, or, as one of several, without.
 */
export async function serveProcess(parts: {
  readonly name: string;
  readonly http: string;
  /** Where it listens, by kind; none for who is not called. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
  readonly refusal?: () => KvringError | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly drain: () => Promise<void>;
  /** How long that may take. */
  readonly drainMs: number;
}): Promise<void> {
  const { http, addresses, checks, refusal = () => undefined, metrics, log, drain } = parts;
  if (isMember()) {
    serveAsMember({ ...parts, refusal });
    return;
  }
  const listen = parseListen(http);
  const page = await serveHttp({ listen, metrics, log, live: [], ready: checks });
  await serveUntilInterrupted({
    addresses: () => ({ ...addresses, http: page.address }),
    ...{ checks, refusal, log, drainMs: parts.drainMs },
    async drain() {
      await drain();
      await page.close();
    },
  });
}

/**
 * Serves until SIGINT or SIGTERM. The one line on stdout that says where comes when all checks hold,
 * as `/readyz` has it; until then the log says what is missing. Throws what refuses the process,
 * after a drain.
 */
export async function serveUntilInterrupted(parts: {
  /** Asked when all checks hold. */
  readonly addresses: () => Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
  readonly refusal: () => KvringError | undefined;
  readonly log: Log;
  readonly drain: () => Promise<void>;
  /** How long that may take. */
  readonly drainMs: number;
}): Promise<void> {
  const { addresses, checks, refusal, log, drain, drainMs } = parts;
  let ending = false;
  const end = (): Promise<void> => {
    ending = true;
    return drain();
  };
  onShutdown(log, end, { timeoutMs: drainMs });
  let told = "";
  while (!ending) {
    const error = refusal();
    if (error !== undefined) {
      await drain();
      throw error;
    }
    const missing = checks.flatMap((check) => check.failing() ?? []).join("; ");
    if (missing === "") return announce(addresses());
    if (missing !== told) log.info({}, `not ready yet: ${missing}`);
    told = missing;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

export function announce(addresses: Readonly<Record<string, string>>): void {
  const parts = Object.entries(addresses).map(([kind, address]) => `${kind}=${address}`);
  print(`kvring ready ${parts.join(" ")}`);
}

/** Until it is ready; what is looked at costs next to nothing. */
const lookMs = 20;
