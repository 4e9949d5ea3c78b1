import { KvringError } from "@kvring/core";
import { program } from "./program.ts";

try {
  await program().parseAsync();
} catch (error) {
  const { reason, message } = KvringError.from(error);
  process.stderr.write(`kvring: ${message}${reason === "INTERNAL" ? "" : ` (${reason})`}\n`);
  process.exitCode = 1;
}
