import { KvringError } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { type LogOptions, logTo } from "./log.ts";

function recorder(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  return { lines, log: logTo(stream, { level: "info", ...options }) };
}

describe("a line for programs", () => {
  test("is one JSON object with time, level, fields and message", () => {
    const { log, lines } = recorder({ fields: { node: "node-1" } });
    log.info({ used_bytes: 12 }, "snapshot\nwritten");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain("\n");
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      node: "node-1",
      used_bytes: 12,
      msg: "snapshot\nwritten",
    });
  });

  test("says of an error what it was, its reason and where it came from", () => {
    const { log, lines } = recorder();
    const cause = new Error("connect ECONNREFUSED");
    const error = new KvringError("BUS_UNAVAILABLE", "NATS cannot be reached", { cause });
    log.error({ error }, "cannot publish");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "error",
      error: {
        type: "KvringError",
        reason: "BUS_UNAVAILABLE",
        code: "UNAVAILABLE",
        message: expect.stringContaining("NATS cannot be reached"),
        stack: expect.stringContaining("connect ECONNREFUSED"),
      },
    });
  });

  test("keeps what was thrown without being an error", () => {
    const { log, lines } = recorder();
    log.warn({ error: "just a string" }, "odd");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: "just a string" });
  });
});

test("levels below the chosen one are left out, silent leaves out all", () => {
  for (const [level, expected] of [
    ["debug", ["debug", "info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["silent", []],
  ] as const) {
    const { log, lines } = recorder({ level });
    for (const name of ["debug", "info", "warn", "error"] as const) log[name]({}, "said");
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(expected);
  }
});

test("a child's lines have the fields of both", () => {
  const { log, lines } = recorder({ fields: { process: "up" } });
  log.child({ node: "node-1" }).child({ part: "store" }).info({}, "said");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    process: "up",
    node: "node-1",
    part: "store",
  });
});

describe("a line for people", () => {
  const shown = (lines: readonly string[]) => lines.join("").replace(/^[\d:.]{12} /, "TIME ");

  test("has time, level, message and fields", () => {
    const { log, lines } = recorder({ pretty: true, fields: { node: "node-1" } });
    log.info({ address: "127.0.0.1:8101", why: "it came up", n: 3 }, "node joined");
    expect(shown(lines)).toBe(
      'TIME info  node joined node=node-1 address=127.0.0.1:8101 why="it came up" n=3\n',
    );
  });

  test("has the stack of an error, but only the sentence for a warning", () => {
    const { log, lines } = recorder({ pretty: true });
    log.warn({ error: new Error("it broke") }, "retrying");
    expect(shown(lines)).toBe('TIME warn  retrying error="it broke"\n');
    lines.length = 0;
    log.error({ error: new Error("it broke") }, "giving up");
    expect(shown(lines)).toMatch(
      /^TIME error giving up error="it broke" \n {4}Error: it broke\n {4} +at /,
    );
    lines.length = 0;
    log.error({ error: "no error at all" }, "odd");
    expect(shown(lines)).toBe('TIME error odd error="no error at all"\n');
  });

  test("does not let what others wrote move the cursor or forge a line", () => {
    const { log, lines } = recorder({ pretty: true });
    log.info({ model: "a\u001b[2Jb\nc" }, "no model \u001b[31m\nred");
    expect(lines.join("")).not.toContain("\u001b");
    expect(lines.join("").trimEnd()).not.toContain("\n");
    expect(shown(lines)).toContain("no model \\u001b[31m\\nred");
  });
});
