import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { advertisedAddress } from "./advertised-address.ts";

const loopback = at("127.0.0.1", "IPv4", true);
const private4 = at("198.18.0.5", "IPv4");
const global6 = at("2001:db8::5", "IPv6");
const linkLocal = at("fe80::5", "IPv6");

test("who listens at one address is reached there", () => {
  const interfaces = { eth0: [private4] };
  expect(advertisedAddress({ host: "127.0.0.1", port: 8101 }, interfaces)).toBe("127.0.0.1:8101");
  expect(advertisedAddress({ host: "node-1", port: 8101 }, interfaces)).toBe("node-1:8101");
});

test("who listens everywhere is reached at the machine's first address", () => {
  const interfaces = { lo: [loopback], eth0: [linkLocal, global6, private4] };
  for (const host of ["0.0.0.0", "::"]) {
    expect(advertisedAddress({ host, port: 8101 }, interfaces)).toBe("198.18.0.5:8101");
  }
});

test("a machine without IPv4 has an IPv6 address", () => {
  const interfaces = { lo: [loopback], eth0: [linkLocal, global6] };
  expect(advertisedAddress({ host: "::", port: 1 }, interfaces)).toBe("[2001:db8::5]:1");
});

test("a machine with nothing but the loopback has to say what it means", () => {
  const interfaces = { lo: [loopback], eth0: [linkLocal] };
  expect(() => advertisedAddress({ host: "0.0.0.0", port: 8101 }, interfaces)).toThrow(
    /say --advertise/,
  );
});

function at(address: string, family: "IPv4" | "IPv6", internal = false): NetworkInterfaceInfo {
  const common = { address, internal, netmask: "", mac: "", cidr: null };
  return family === "IPv4" ? { ...common, family } : { ...common, family, scopeid: 0 };
}
