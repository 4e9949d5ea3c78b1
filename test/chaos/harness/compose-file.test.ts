import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readComposeFile } from "./compose-file.ts";

const path = join(import.meta.dirname, "../../../deploy/compose.yaml");

test("the deployment is three NATS servers, two gateways, three nodes and two workers", () => {
  const services = readComposeFile(path);
  const replicas = Object.entries(services).map(([name, service]) => [name, service.replicas]);
  expect(Object.fromEntries(replicas)).toEqual({
    "nats-1": 1,
    "nats-2": 1,
    "nats-3": 1,
    "gateway-1": 1,
    "gateway-2": 1,
    node: 3,
    worker: 2,
  });
});

test("every process of kvring uses the three servers, and three copies in them", () => {
  const services = readComposeFile(path);
  for (const name of ["gateway-1", "gateway-2", "node", "worker"]) {
    expect(services[name]).toMatchObject({
      image: "kvring",
      command: [name.replace(/-\d$/, "")],
      environment: {
        KVRING_NATS: "nats://nats-1:4222,nats://nats-2:4222,nats://nats-3:4222",
        KVRING_NATS_REPLICAS: "3",
      },
    });
  }
});

test("variables of the environment have their defaults", () => {
  const capacity = (variables: Record<string, string>) =>
    readComposeFile(path, variables)["node"]?.environment["KVRING_CAPACITY"];
  expect(capacity({})).toBe("1GiB");
  expect(capacity({ KVRING_CAPACITY: "64MiB" })).toBe("64MiB");
});

test("what is mounted from the machine is there", () => {
  const binds = Object.values(readComposeFile(path)).flatMap((service) => service.binds);
  expect(binds.map(({ target }) => target)).toEqual([
    ...Array.from({ length: 3 }, () => "/etc/nats/kvring.conf"),
    "/models",
  ]);
  for (const { source } of binds) expect(existsSync(source), source).toBe(true);
});
