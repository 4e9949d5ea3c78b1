import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Log } from "@kvring/core";

/** A log of everything, in a file that begins anew. */
export function logToFile(path: string): Log {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      const line = { level, time: new Date().toISOString(), ...fields, msg: message };
      appendFileSync(path, `${JSON.stringify(line)}\n`);
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
