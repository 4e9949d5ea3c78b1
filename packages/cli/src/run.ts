import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import { unknownVariables } from "./config/unknown-variables.ts";
import { program } from "./program.ts";

// What it would write to stderr, in lines of its own form, comes to us as errors too.
if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);

const commands = await program(process.argv[2]);
// What this command does not know may be another one's.
if (unknownVariables(commands, process.env) !== undefined) {
  const ignored = unknownVariables(await program(), process.env);
  if (ignored !== undefined) process.stderr.write(`kvring: ${ignored}\n`);
}

try {
  await commands.parseAsync();
} catch (error) {
  const { reason, message } = KvringError.from(error);
  process.stderr.write(`kvring: ${message}${reason === "INTERNAL" ? "" : ` (${reason})`}\n`);
  process.exitCode = 1;
}
