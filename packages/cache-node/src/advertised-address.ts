import { networkInterfaces } from "node:os";
import { formatListen, KvringError, type Listen } from "@kvring/core";

const everywhere = new Set(["0.0.0.0", "::"]);

/**
 * host:port where others reach a server that listens there. Who listens on every address is
 * reached at the machine's first: "0.0.0.0" would lead everybody else to themselves. An address and
 * not the machine's name, since names of machines that died are asked for in vain, and for long.
 *
 * Throws BAD_CONFIG when the machine has no address but the loopback.
 */
export function advertisedAddress(listen: Listen, interfaces = networkInterfaces()): string {
  if (!everywhere.has(listen.host)) return formatListen(listen);
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal);
  // Link-local addresses of IPv6 need a zone to be of use to anybody.
  const own =
    external.find(({ family }) => family === "IPv4") ??
    external.find(({ address }) => !address.startsWith("fe80:"));
  if (own !== undefined) return formatListen({ host: own.address, port: listen.port });
  throw new KvringError(
    "BAD_CONFIG",
    `${formatListen(listen)} is every address of this machine, and it has none that others could reach: say --advertise`,
  );
}
