import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";

// Each test starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

/** A process that runs `script`, says "up" and then lives until something ends it. */
async function start(script: string) {
  const program = `
    import { createLog } from ${module("log.ts")};
    import { stat } from "node:fs/promises";
    import { onShutdown } from ${module("shutdown.ts")};
    const log = createLog({ level: "info" });
    const say = (word) => process.stdout.write(word);
    const never = new Promise(() => {});
    ${script}
    setInterval(() => {}, 60_000);
    say("up");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  children.add(child);
  const closed = once(child, "close");
  let output = "";
  let logged = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    logged += chunk;
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const said = async (word: string): Promise<void> => {
    while (!output.includes(word)) await once(child.stdout, "data");
  };
  const ended = async () => {
    const [code, signal] = await closed;
    const lines = logged.split("\n").filter((line) => line !== "");
    return { code, signal, lines: lines.map((line) => JSON.parse(line)) };
  };
  return { child, said, ended };
}

const messages = (lines: readonly { readonly msg: string }[]): string[] =>
  lines.map(({ msg }) => msg);

describe("a signal", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s drains, and then the process exits 0",
    async (name) => {
      const { child, said, ended } = await start(`onShutdown(log, async (signal) => say(signal));`);
      await said("up");
      child.kill(name);
      await said(name);
      const { code, lines } = await ended();
      expect(code).toBe(0);
      expect(messages(lines)).toEqual(["draining", "drained"]);
      expect(lines[0]).toMatchObject({ level: "info", signal: name });
    },
  );

  test("that comes again does not wait for the drain", async () => {
    const { child, said, ended } = await start(
      `onShutdown(log, () => { say("draining"); return never; });`,
    );
    await said("up");
    child.kill("SIGTERM");
    await said("draining");
    child.kill("SIGINT");
    const { code, lines } = await ended();
    expect(code).toBe(1);
    expect(messages(lines)).toEqual(["draining", "exiting without waiting for the drain"]);
  });

  test.each([
    ["is late", "() => never", "it took longer than 20 ms"],
    ["fails", `async () => { throw new Error("no bus"); }`, "no bus"],
    ["fails at once", `() => { throw new Error("no ring"); }`, "no ring"],
  ])("whose drain %s exits 1 and says so", async (_, drain, why) => {
    const { child, said, ended } = await start(`onShutdown(log, ${drain}, { timeoutMs: 20 });`);
    await said("up");
    child.kill("SIGTERM");
    const { code, lines } = await ended();
    expect(code).toBe(1);
    expect(messages(lines)).toEqual(["draining", "the drain did not end well"]);
    expect(lines[1]).toMatchObject({ level: "error", error: { message: why } });
  });

  test("is the system's again when shutdown was taken back", async () => {
    const { child, said, ended } = await start(`onShutdown(log, () => never)();`);
    await said("up");
    child.kill("SIGTERM");
    const { signal, lines } = await ended();
    expect(signal).toBe("SIGTERM");
    expect(lines).toEqual([]);
  });
});

test.each([
  [
    "an exception",
    `setImmediate(() => { throw new Error("boom"); });`,
    "uncaughtException",
    "boom",
  ],
  ["a rejection", `void Promise.reject(new Error("boom"));`, "unhandledRejection", "boom"],
  ["a rejection without an error", `void Promise.reject("boom");`, "unhandledRejection", '"boom"'],
])("%s that nobody caught is logged, and the process exits 1", async (_, fault, origin, why) => {
  const { ended } = await start(`onShutdown(log, async () => {}); ${fault}`);
  const { code, lines } = await ended();
  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: "error", origin, msg: "nobody caught this" });
  expect(lines[0].error.message).toContain(why);
});

describe("the log", () => {
  test("is complete and in order when the process exits", async () => {
    const { ended } = await start(
      `for (let n = 0; n < 500; n += 1) log.info({ n }, "x".repeat(200)); process.exit(3);`,
    );
    const { code, lines } = await ended();
    expect(code).toBe(3);
    expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  });

  test("that nobody reads any more ends no process", async () => {
    const { child, said, ended } = await start(`
      onShutdown(log, async () => {});
      process.on("SIGUSR2", async () => {
        for (const attempt of [1, 2, 3]) {
          log.info({ attempt }, "into the void");
          await stat(process.execPath);
        }
        say("alive");
      });
    `);
    await said("up");
    child.stderr.destroy();
    child.kill("SIGUSR2");
    await said("alive");
    child.kill("SIGTERM");
    expect((await ended()).code).toBe(0);
  });
});
