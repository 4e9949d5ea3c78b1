import { join } from "node:path";

// For all processes that tests start: to strip the types anew takes longer than most commands do.
process.env["NODE_COMPILE_CACHE"] ??= join(
  import.meta.dirname,
  "../../../node_modules/.cache/kvring-compile",
);
