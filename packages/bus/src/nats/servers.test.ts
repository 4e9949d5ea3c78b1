import { expect, test } from "vitest";
import { parseServers, readableServers } from "./servers.ts";

test("one, several, with and without scheme and port", () => {
  expect(parseServers("127.0.0.1:4222")).toEqual({ servers: ["nats://127.0.0.1:4222"] });
  expect(parseServers("nats://a:1, tls://b")).toEqual({
    servers: ["nats://a:1", "tls://b"],
    tls: {},
  });
  expect(parseServers(["nats://[::1]:4222"])).toEqual({ servers: ["nats://[::1]:4222"] });
});

test("credentials are taken out of the URL, and shown to nobody", () => {
  const withUser = parseServers("nats://us%40er:p%3Aw@a:1,nats://b:2");
  expect(withUser).toEqual({ servers: ["nats://a:1", "nats://b:2"], user: "us@er", pass: "p:w" });
  expect(readableServers(withUser)).toBe("nats://a:1, nats://b:2");
  expect(parseServers("nats://secret@a:1")).toEqual({ servers: ["nats://a:1"], token: "secret" });
});

test.each([
  ["", "no server is named"],
  ["http://a:1", "http:// is not spoken"],
  ["nats://a:99999", "not a URL"],
  ["nats://a:1/path", "nothing may follow the port"],
])("%j is refused by name", (text, why) => {
  expect(() => parseServers(text)).toThrow(
    expect.objectContaining({ reason: "BAD_CONFIG", message: expect.stringContaining(why) }),
  );
});
