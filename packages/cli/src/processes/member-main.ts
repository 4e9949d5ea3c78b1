/** One of several processes of `kvring gateway` or `kvring node`, started by `supervise`. */
import { useCompileCache } from "../compile-cache.ts";

useCompileCache();
await import("./member-run.ts");
