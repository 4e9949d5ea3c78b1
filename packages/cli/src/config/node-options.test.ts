import { defaultNodeOptions } from "@kvring/cache-node";
import { Command } from "commander";
import { expect, test } from "vitest";
import { nodeOptions } from "./node-options.ts";
import { declare, resolve } from "./settings.ts";
import { common, node, nodeProcess } from "./tables.ts";

const settings = { ...nodeProcess, ...node, drainTimeout: common.drainTimeout };

function optionsOf(...args: readonly string[]) {
  const command = declare(new Command("x").exitOverride(), settings);
  command.parse(["--id", "node-1", ...args], { from: "user" });
  return nodeOptions(resolve(command, settings));
}

test("without a flag all is as the node has it by itself", () => {
  expect(optionsOf()).toEqual(defaultNodeOptions);
});

test("giving entries away may take long where leaving may", () => {
  const given = optionsOf("--drain-timeout", "2m", "--handover-timeout", "90s", "--beat", "1s");
  expect(given).toMatchObject({ drainMs: 118_000, handoverMs: 90_000, beatMs: 1_000 });
  expect(() => optionsOf("--handover-timeout", "9s")).toThrow(
    "--handover-timeout is 9000 ms, but must be at most 8000 ms, which is --drain-timeout less 2s",
  );
});
