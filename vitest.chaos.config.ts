import { defineConfig } from "vitest/config";

/** `npm run test:chaos`: a cluster in containers, faults, and a judge. Needs root on Debian. */
export default defineConfig({
  test: {
    include: ["test/chaos/**/*.chaos.test.ts"],
    globalSetup: ["test/chaos/setup.ts"],
    // One cluster at a time; a scenario is a minute at most.
    fileParallelism: false,
    testTimeout: 150_000,
    hookTimeout: 120_000,
    // For what the machine withholds. A stale or wrong answer fails the run whatever comes later.
    retry: 1,
    // Every scenario is told from the next by its name, also where nobody watches.
    reporters: ["verbose"],
    env: {
      // The clean-up by label is ours, and its own helper image cannot be pulled everywhere.
      TESTCONTAINERS_RYUK_DISABLED: "true",
      TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1",
    },
  },
});
