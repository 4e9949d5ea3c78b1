import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Fail instead of hanging: a test that needs more is a test of the wrong thing.
    testTimeout: 30_000,
    globalSetup: ["test/setup/nats-server.ts"],
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
          // Half of the time went into importing grpc-js, nats and protobufjs once per file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/**/*.test.ts"],
          // Those need Docker and root: vitest.chaos.config.ts.
          exclude: ["test/**/*.chaos.test.ts"],
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
