import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** They stop the clock of their process, which others' timers would take for one that goes back. */
const withFakeTime = [
  "packages/ops/src/keep-trying.test.ts",
  "packages/runtime/src/repository/repository.test.ts",
  "packages/worker/src/jobs/{node-links,job-runner}.test.ts",
];

export default defineConfig({
  test: {
    // Fail instead of hanging: a test that needs more is a test of the wrong thing.
    testTimeout: 30_000,
    globalSetup: ["test/setup/nats-server.ts"],
    // Vitest would leave a core to itself, and on two cores run one file after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/gen/**", "**/*.test.ts"],
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          exclude: withFakeTime,
          // Half of the time went into importing grpc-js, nats and protobufjs once per file.
          isolate: false,
        },
      },
      { extends: true, test: { name: "unit-alone", include: withFakeTime } },
      {
        extends: true,
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          // Clusters: below. Chaos needs Docker and root: vitest.chaos.config.ts.
          exclude: ["test/cluster/**", "test/**/*.chaos.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          testTimeout: 60_000,
          // A cluster at a time: each has as many processes as the machine bears.
          fileParallelism: false,
        },
      },
    ],
  },
});
