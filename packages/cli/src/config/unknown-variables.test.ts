import { expect, test } from "vitest";
import { program } from "../program.ts";
import { unknownVariables } from "./unknown-variables.ts";

const commands = await program();
const said = (environment: Readonly<Record<string, string>>) =>
  unknownVariables(commands, environment);

test("settings of any command are known, and other programs' variables are not ours", () => {
  const settings = { KVRING_NODES: "3", KVRING_NATS: "x", KVRING_CONFIG: "f", KVRING_MODELS: "m" };
  expect(said({ ...settings, PATH: "/bin", MY_KVRING_THING: "1" })).toBeUndefined();
});

test("a slip is named with what was meant", () => {
  expect(said({ KVRING_REPLICSA: "3" })).toBe(
    "KVRING_REPLICSA (did you mean KVRING_REPLICAS?) is no setting and ignored; kvring COMMAND --help lists those there are",
  );
});

test("two letters that changed places are one slip", () => {
  expect(said({ KVRING_NODSE: "3" })).toMatch(/KVRING_NODSE \(did you mean KVRING_NODES\?\)/);
});

test("several are named in one sentence, and nothing is guessed from afar", () => {
  expect(said({ KVRING_ENTRY_TTL_MS: "5", KVRING_BANANA: "1" })).toMatch(
    /^KVRING_BANANA, KVRING_ENTRY_TTL_MS \(did you mean KVRING_ENTRY_TTL\?\) are no settings/,
  );
});

test("what Kubernetes says of a Service called kvring is no slip", () => {
  expect(
    said({
      KVRING_SERVICE_HOST: "10.0.0.1",
      KVRING_SERVICE_PORT_GRPC: "8001",
      KVRING_PORT: "tcp://10.0.0.1:8001",
      KVRING_PORT_8001_TCP_ADDR: "10.0.0.1",
      KVRING_GATEWAY_SERVICE_PORT: "8001",
    }),
  ).toBeUndefined();
});
