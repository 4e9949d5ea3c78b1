import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import { program } from "./program.ts";

// What it would write to stderr, in lines of its own form, comes to us as errors too.
if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);

try {
  await program().parseAsync();
} catch (error) {
  const { reason, message } = KvringError.from(error);
  process.stderr.write(`kvring: ${message}${reason === "INTERNAL" ? "" : ` (${reason})`}\n`);
  process.exitCode = 1;
}
