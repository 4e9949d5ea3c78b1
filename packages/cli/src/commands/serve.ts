import { KvringError, type Log } from "@kvring/core";
import { createLog, onShutdown } from "@kvring/ops";
import { needsInsecure } from "../config/values.ts";
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

/** The one line on stdout that says where it serves, and then until SIGINT or SIGTERM. */
export function serveUntilInterrupted(
  addresses: Readonly<Record<string, string>>,
  log: Log,
  drain: () => Promise<void>,
): void {
  onShutdown(log, drain);
  announce(addresses);
}

export function announce(addresses: Readonly<Record<string, string>>): void {
  const parts = Object.entries(addresses).map(([kind, address]) => `${kind}=${address}`);
  print(`kvring ready ${parts.join(" ")}`);
}
