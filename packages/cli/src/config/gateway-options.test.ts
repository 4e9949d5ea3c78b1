import { defaultGatewayOptions } from "@kvring/gateway";
import { Command } from "commander";
import { expect, test } from "vitest";
import { gatewayOptions } from "./gateway-options.ts";
import { declare, resolve } from "./settings.ts";
import { gateway } from "./tables.ts";

function optionsOf(...args: readonly string[]) {
  const command = declare(new Command("x").exitOverride(), gateway);
  command.parse(args, { from: "user" });
  return gatewayOptions(resolve(command, gateway), { name: "gateway", isLogOurs: false });
}

test("without a flag all is as the gateway has it by itself", () => {
  expect(optionsOf()).toEqual(defaultGatewayOptions);
});

test("flags arrive where they belong", () => {
  const given = optionsOf(
    ...["--hedge-least", "3ms", "--hedge-most", "80ms", "--hedge-share", "5"],
    ...[
      "--former-lease",
      "15s",
      "--stall-after",
      "2s",
      "--lease-wait",
      "1s",
      "--lease",
      "10s",
      "--lease-renew",
      "500ms",
    ],
  );
  expect(given).toMatchObject({
    hedge: { leastMs: 3, mostMs: 80, share: 0.05 },
    stallMs: 2_000,
    leaseWaitMs: 1_000,
    coherence: {
      terms: { waitMs: 10_000 },
      formerWaitMs: 15_000,
      renewEveryMs: 500,
      evictAfterMs: 20_000,
    },
  });
});

test("a short lease is renewed in time, whatever is said", () => {
  expect(optionsOf("--lease", "1s", "--lease-renew", "900ms").coherence.renewEveryMs).toBe(200);
});

test("the least delay of a hedge is not above the longest", () => {
  expect(() => optionsOf("--hedge-least", "2s")).toThrow(
    "--hedge-least is 2000 ms, but must be at most --hedge-most, which is 100 ms",
  );
});
