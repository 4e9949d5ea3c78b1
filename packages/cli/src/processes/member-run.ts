import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import { program } from "../program.ts";
import { becomeMember, tellRefusal } from "./member.ts";

if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
becomeMember();

try {
  const commands = await program(process.argv[2]);
  await commands.parseAsync();
} catch (error) {
  tellRefusal(KvringError.from(error));
  process.exitCode = 1;
  // What was started keeps the process; that it cannot serve was said.
  process.disconnect?.();
  setImmediate(() => process.exit(1));
}
