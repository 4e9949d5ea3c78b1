import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { declare, resolve, type Setting } from "./settings.ts";
import * as tables from "./tables.ts";

const all: readonly Setting<unknown>[] = Object.values(tables).flatMap((table) => {
  if (typeof table === "function") return [table("worker")];
  return "help" in table ? [table as Setting<unknown>] : Object.values(table);
});

describe("every setting", () => {
  test.each(all)("$name has a default that is one of its values", ({ value, fallback }) => {
    if (fallback === undefined) return;
    expect(value.safeParse(fallback).success).toBe(true);
  });

  test("says what it is for, and is named the way it is typed", () => {
    expect(all.length).toBeGreaterThan(20);
    for (const { name, help } of all) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(help, name).toMatch(/^.{10,}$/);
    }
  });
});

test("no more patience can be asked for than timers have", () => {
  const command = declare(new Command("x").exitOverride(), tables.gateway);
  command.parse(["--request-timeout", "600h"], { from: "user" });
  expect(() => resolve(command, tables.gateway)).toThrow(
    '--request-timeout is "600h", but must be a duration of at most 24h',
  );
});
