/** `docs/timings.md` says what the options and the code say, and names all of it. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { program } from "../program.ts";

const packages = join(import.meta.dirname, "../../..");
const [settingsPart = "", constantsPart = ""] = readFileSync(
  join(packages, "cli/docs/timings.md"),
  "utf8",
).split("## What is not set");

/** The cells of a table's rows, without the code marks around names. */
function rowsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
  );
}

const commands = await program();
const processes = ["up", "gateway", "node", "worker"];

/** Name, commands, default and help of every option of a process that is a duration. */
function durations(): string[][] {
  const found = new Map<string, { readonly of: string[]; fallback: string; help: string }>();
  for (const command of commands.commands) {
    if (!processes.includes(command.name())) continue;
    for (const { long, flags, defaultValue, description } of command.options) {
      if (long === null || long === undefined || !flags.endsWith(" <duration>")) continue;
      const known = found.get(long) ?? {
        of: [],
        fallback: String(defaultValue),
        help: description,
      };
      known.of.push(command.name());
      found.set(long, known);
    }
  }
  return [...found].map(([name, { of, fallback, help }]) => [name, of.join(", "), fallback, help]);
}

/** These speak with each other: what one waits for, another has to do in time. */
const named = ["bus", "cache-node", "coherence", "wire", "worker"];

/** The options of services, whose durations are settings, and what no cluster runs. */
const apart =
  /\.test\.ts$|\/(testing|contract|gen)\/|^cache-node\/src\/process\.ts$|^worker\/src\/options\.ts$/;

/** `const nameMs = 1_000` and `nameMs: 10 * 60_000,` in a file, as "file name milliseconds". */
function constantsIn(path: string): string[] {
  const text = readFileSync(join(packages, path), "utf8");
  const matches = text.matchAll(/\b(\w+Ms)(?: =|:) (\d[\d_]*(?: \* \d[\d_]*)*)\s*[,;})]/g);
  return [...matches].flatMap(([, name, product = ""]) => {
    const factors = product.split(" * ").map((factor) => Number(factor.replaceAll("_", "")));
    const ms = factors.reduce((all, factor) => all * factor, 1);
    return ms > 0 ? [`${path.replace("/src/", "/")} ${name} ${ms}`] : [];
  });
}

describe("the table of timings", () => {
  test("has every setting that is a duration, as --help has it", () => {
    expect(rowsOf(settingsPart).toSorted()).toEqual(durations().toSorted());
    expect(durations().length).toBeGreaterThan(10);
  });

  test("has no constant that the code does not have", () => {
    for (const [file = "", name, ms] of rowsOf(constantsPart)) {
      const [pack = "", ...rest] = file.split("/");
      const constants = constantsIn([pack, "src", ...rest].join("/"));
      expect(constants).toContain(`${file} ${name} ${ms}`);
    }
  });

  test.each(named)("has all constants of %s", (pack) => {
    const files = globSync(`${pack}/src/**/*.ts`, { cwd: packages });
    const constants = files.filter((path) => !apart.test(path)).flatMap(constantsIn);
    const listed = rowsOf(constantsPart).map(([file, name, ms]) => `${file} ${name} ${ms}`);
    expect(constants.length).toBeGreaterThan(0);
    expect(constants.filter((constant) => !listed.includes(constant))).toEqual([]);
  });
});
