// Makes `node_modules/.bin/node` the Node that the lock brought. Both platform packages bring a
// command of that name, and npm 10 links neither when it skips one of them.
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const name = `node-${process.platform}-${process.arch}`;
const modules = join(import.meta.dirname, "../node_modules");
const link = join(modules, ".bin/node");

// Absent on other platforms, and in images that bring a Node of their own.
if (existsSync(join(modules, name, "bin/node")) && !existsSync(link)) {
  mkdirSync(join(modules, ".bin"), { recursive: true });
  symlinkSync(join("..", name, "bin/node"), link);
}
