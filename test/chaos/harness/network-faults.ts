import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Container } from "./container.ts";
import { stateDirectory } from "./state-directory.ts";

/**
 * Faults of the network, made by packet filters inside a container's own network namespace. So
 * they are undone by `heal`, and at the latest when the container ends.
 *
 * `peers` are addresses; the container's traffic with others, and with the test, goes on.
 */
export interface NetworkFaults {
  /** Nothing between them arrives in either direction, and nobody is told. */
  partition(container: Container, peers: readonly string[]): Promise<void>;
  /** The container no longer hears its peers; they still hear it. */
  deafen(container: Container, peers: readonly string[]): Promise<void>;
  /** So large a share of what the peers send gets lost. */
  lose(container: Container, peers: readonly string[], share: number): Promise<void>;
  /** Whatever comes for the port is answered by a reset. */
  reset(container: Container, peers: readonly string[], port: number): Promise<void>;
  /** What the peers send arrives later. */
  delay(
    container: Container,
    peers: readonly string[],
    delay: { readonly delayMs: number; readonly jitterMs: number },
  ): Promise<void>;
  /** Packets that met any of these faults, so that nobody mistakes a fault without effect for health. */
  packetsHit(container: Container): Promise<number>;
  heal(container: Container): Promise<void>;
}

const run = promisify(execFile);
const delayTool = join(stateDirectory, "packet-delay");
const delayQueue = "1";

export function createNetworkFaults(): NetworkFaults {
  const delays = new Map<string, ChildProcess>();
  const forEach = async (
    container: Container,
    peers: readonly string[],
    rules: (peer: string) => readonly (readonly string[])[],
  ): Promise<void> => {
    for (const rule of peers.flatMap(rules)) await filter(container, "--insert", ...rule);
  };
  return {
    partition: (container, peers) =>
      forEach(container, peers, (peer) => [
        ["INPUT", "--source", peer, "--jump", "DROP"],
        ["OUTPUT", "--destination", peer, "--jump", "DROP"],
      ]),
    deafen: (container, peers) =>
      forEach(container, peers, (peer) => [["INPUT", "--source", peer, "--jump", "DROP"]]),
    lose: (container, peers, share) =>
      forEach(container, peers, (peer) => [
        [
          ...["INPUT", "--source", peer, "--match", "statistic", "--mode", "random"],
          ...["--probability", String(share), "--jump", "DROP"],
        ],
      ]),
    reset: (container, peers, port) =>
      forEach(container, peers, (peer) => [
        [
          ...["INPUT", "--source", peer, "--protocol", "tcp", "--dport", String(port)],
          ...["--jump", "REJECT", "--reject-with", "tcp-reset"],
        ],
      ]),
    async delay(container, peers, { delayMs, jitterMs }) {
      delays.set(container.id, await startDelay(container, delayMs, jitterMs));
      await forEach(container, peers, (peer) => [
        [
          ...["INPUT", "--source", peer, "--jump", "NFQUEUE", "--queue-num", delayQueue],
          "--queue-bypass",
        ],
      ]);
    },
    async packetsHit(container) {
      const listing = await filter(container, "--list", "--verbose", "--exact", "--numeric");
      const counts = [...listing.matchAll(/^\s*(\d+)\s+\d+\s+(?:DROP|REJECT|NFQUEUE)\s/gm)];
      return counts.reduce((sum, [, packets]) => sum + Number(packets), 0);
    },
    async heal(container) {
      if (await container.isRunning()) await filter(container, "--flush");
      const tool = delays.get(container.id);
      delays.delete(container.id);
      if (tool === undefined || tool.exitCode !== null || tool.signalCode !== null) return;
      const ended = once(tool, "exit");
      tool.kill();
      await ended;
    },
  };
}

async function filter(container: Container, ...rule: readonly string[]): Promise<string> {
  const inside = await insideNetworkOf(container);
  return (await run("nsenter", [...inside, "iptables", "--wait", ...rule])).stdout;
}

async function insideNetworkOf(container: Container): Promise<string[]> {
  return ["--target", String(await container.processId()), "--net", "--"];
}

async function startDelay(
  container: Container,
  delayMs: number,
  jitterMs: number,
): Promise<ChildProcess> {
  const inside = await insideNetworkOf(container);
  const command = [...inside, delayTool, delayQueue, String(delayMs), String(jitterMs)];
  const tool = spawn("nsenter", command, { stdio: ["ignore", "pipe", "inherit"] });
  const abandoned = () => tool.kill("SIGKILL");
  process.once("exit", abandoned);
  tool.once("exit", () => process.off("exit", abandoned));
  const [said] = await Promise.race([once(tool.stdout, "data"), once(tool, "exit")]);
  if (!String(said).includes("ready")) throw new Error(`packet-delay did not start: ${said}`);
  return tool;
}
