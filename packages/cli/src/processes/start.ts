import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("./member-main.ts", import.meta.url));
// Stdout carries the ready line of the supervisor and nothing else.
const stdio: ("ignore" | "ipc" | number)[] = ["ignore", 2, 2, "ipc"];

/** Starts a member with the arguments of a `kvring` command. */
export type StartMember = (args: readonly string[]) => ChildProcess;

/** A member that listens on ports of its own. */
export const startApart: StartMember = (args) => fork(main, [...args], { stdio });

/**
 * A member that shares its port with its siblings: the supervisor accepts connections and hands
 * them to the members in turn, as Node's cluster module does it.
 */
export const startSharing: StartMember = (args) => {
  cluster.setupPrimary({ exec: main, args: [...args], stdio });
  return cluster.fork().process;
};
