/**
 * Runs in a thread of the child, beside a model that may occupy the main thread for minutes.
 * Nobody writes to the child's standard input: when it ends, the parent is gone, however it died,
 * and what the model computes is of no use to anyone.
 */
import { Socket } from "node:net";

const standardInput = new Socket({ fd: 0, readable: true, writable: false });
standardInput.resume();
standardInput.once("close", () => process.kill(process.pid, "SIGKILL"));
