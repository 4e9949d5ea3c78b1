import { expect, test } from "vitest";
import { formatListen, isLoopback, parseListen } from "./listen.ts";

test.each([
  ["127.0.0.1:8001", "127.0.0.1", 8001],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["localhost:65535", "localhost", 65_535],
  ["gateway-0.gateways.default.svc:8001", "gateway-0.gateways.default.svc", 8001],
  ["[::1]:8001", "::1", 8001],
  ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
])("%s is where a server listens", (text, host, port) => {
  expect(parseListen(text)).toEqual({ host, port });
  expect(formatListen({ host, port })).toBe(text);
});

test.each([
  ["", "a host, a colon and a port are expected"],
  ["8001", "a host, a colon and a port are expected"],
  ["127.0.0.1", "a host, a colon and a port are expected"],
  ["127.0.0.1:", "the port is a number from 0 to 65535"],
  ["127.0.0.1:65536", "the port is a number from 0 to 65535"],
  ["127.0.0.1:-1", "the port is a number from 0 to 65535"],
  ["127.0.0.1:http", "the port is a number from 0 to 65535"],
  ["127.0.0.1: 80", "the port is a number from 0 to 65535"],
  ["127.0.0.1:0x50", "the port is a number from 0 to 65535"],
  [":8001", 'for all interfaces, say "0.0.0.0"'],
  ["*:8001", 'for all interfaces, say "0.0.0.0"'],
  ["::1:8001", "an IPv6 address stands in brackets"],
  ["[::1]", 'after the address come "]", a colon and a port'],
  ["[::1]8001", 'after the address come "]", a colon and a port'],
  ["[localhost]:8001", "between the brackets stands no IPv6 address"],
  ["127.0.0.256:8001", "neither a name nor an address"],
  ["127.1:8001", "neither a name nor an address"],
  ["a..b:8001", "neither a name nor an address"],
  ["http://localhost:8001", "an IPv6 address stands in brackets"],
  [`${"a.".repeat(200)}b:8001`, "neither a name nor an address"],
])("%j is refused with what would be right", (text, why) => {
  expect(() => parseListen(text)).toThrow(expect.objectContaining({ reason: "BAD_CONFIG" }));
  expect(() => parseListen(text)).toThrow(why);
  expect(() => parseListen(text)).toThrow('"127.0.0.1:8001"');
});

test("a hostile host name is refused in linear time", () => {
  expect(() => parseListen(`${"a".repeat(100_000)}!:1`)).toThrow("neither a name");
  expect(() => parseListen(`${"a".repeat(50)}!:1`)).toThrow("neither a name");
});

test("loopback is what only this machine can reach", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]) {
    expect(isLoopback(host), host).toBe(true);
  }
  expect(isLoopback("localhost")).toBe(true);
  expect(isLoopback("LOCALHOST")).toBe(true);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "::2"]) {
    expect(isLoopback(host), host).toBe(false);
  }
  for (const host of ["localhost.example.com", "127.0.0.1.example.com", ""]) {
    expect(isLoopback(host), host).toBe(false);
  }
});
