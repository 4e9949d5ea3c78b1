/** A command that cannot do what it is told says why, in one line on stderr, and exits non-zero. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linesOf, runKvring } from "./support/program.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];

let dir: string;
let taken: Server;
let takenAddress: string;
/** Nobody listens there any more. */
let closedAddress: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kvring-command-errors-"));
  await Promise.all([
    writeFile(join(dir, "no-json.json"), "{ nodes: 3 }"),
    writeFile(join(dir, "unknown-key.json"), '{"noodles": 3}'),
  ]);
  taken = await listening();
  takenAddress = addressOf(taken);
  const closed = await listening();
  closedAddress = addressOf(closed);
  await new Promise((resolve) => closed.close(resolve));
});

afterAll(async () => {
  taken?.close();
  await rm(dir, { recursive: true, force: true });
});

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function addressOf(server: Server): string {
  const address = server.address();
  return typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
}

/** What a process logged before it found out. */
const isLogLine = (line: string): boolean => line.startsWith('{"level":');

async function expectOneLine(
  args: readonly string[],
  named: readonly (string | RegExp)[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { code, stdout, stderr } = await runKvring(args, { env });
  expect(code, stderr).toBeGreaterThan(0);
  expect(stdout).toBe("");
  const [line, ...more] = linesOf(stderr).filter((text) => !isLogLine(text));
  expect(more).toEqual([]);
  for (const name of named) expect(line).toMatch(name);
}

describe("flags", () => {
  test.concurrent.each<[string[], (string | RegExp)[]]>([
    [["dance"], ["dance"]],
    [["up", "--noodles", "3"], ["--noodles"]],
    [
      ["up", "--nodes", "many"],
      ["--nodes", "many"],
    ],
    [
      ["up", "--listen", "127.0.0.1:70000"],
      ["--listen", "70000"],
    ],
    [
      ["up", "--policy", "random"],
      ["--policy", "random", /lru/],
    ],
    [
      ["node", "--id", "a b/c"],
      ["--id", "a b/c"],
    ],
  ])("%j", async (args, named) => {
    const rest = args[0] === "up" && !args.includes("--listen") ? anyPort : [];
    // A flag without a value has to stay the last one.
    await expectOneLine([args[0] ?? "", ...rest, ...args.slice(1)], named);
  });
});

describe("variables", () => {
  test.concurrent.each<[Record<string, string>, (string | RegExp)[]]>([
    [{ KVRING_NODES: "many" }, ["KVRING_NODES", "many"]],
  ])("%j", async (env, named) => {
    await expectOneLine(["up", ...anyPort], named, env);
  });

  test("one that is no setting is named with the nearest that is, and nothing fails for it", async () => {
    const run = await runKvring(["--version"], { env: { KVRING_NODSE: "3" } });
    expect(run.code).toBe(0);
    expect(linesOf(run.stderr)).toEqual([expect.stringMatching(/KVRING_NODSE .*KVRING_NODES/)]);
  });
});

describe("the configuration file", () => {
  test.concurrent.each<[string, (string | RegExp)[]]>([
    ["missing.json", ["missing.json"]],
    ["no-json.json", ["no-json.json", /JSON/]],
    ["unknown-key.json", ["unknown-key.json", "noodles"]],
  ])("%s", async (file, named) => {
    await expectOneLine(["up", ...anyPort, "--config", join(dir, file)], named);
  });
});

describe("the machine", () => {
  test.concurrent("a port of gRPC that somebody has", async () => {
    const args = ["up", "--listen", takenAddress, "--http", "127.0.0.1:0"];
    await expectOneLine(args, [takenAddress, /in use/]);
  });

  test.concurrent("a port of HTTP that somebody has", async () => {
    const args = ["up", "--listen", "127.0.0.1:0", "--http", takenAddress];
    await expectOneLine(args, [takenAddress, /in use/]);
  });

  test.concurrent("a directory of models that is not there", async () => {
    const missing = join(dir, "no-such-models");
    await expectOneLine(["up", ...anyPort, "--models", missing], [missing]);
  });

  test.concurrent.each([
    ["up", "--http"],
    ["node", "--listen"],
  ])("%s %s on all interfaces, without saying --insecure", async (command, flag) => {
    const other = flag === "--listen" ? "--http" : "--listen";
    const args = [command, flag, "0.0.0.0:0", other, "127.0.0.1:0"];
    await expectOneLine(args, ["0.0.0.0", "--insecure"]);
  });

  test.concurrent.each([["infer", "mnist", "--random", "1"], ["stats"]])(
    "%s of a gateway that is not there",
    async (...args) => {
      await expectOneLine([...args, "--target", closedAddress], [closedAddress]);
    },
  );
});
