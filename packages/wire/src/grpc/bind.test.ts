import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, expect, test, vi } from "vitest";
import { bindServer } from "./bind.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
  vi.restoreAllMocks();
});

function bind(address: string): Promise<number> {
  const server = new Server();
  servers.push(server);
  return bindServer(server, address, ServerCredentials.createInsecure());
}

test("a taken port is named, with what to do", async () => {
  // grpc-js also prints the failure.
  vi.spyOn(console, "error").mockReturnValue();
  const port = await bind("127.0.0.1:0");
  expect(port).toBeGreaterThan(0);
  await expect(bind(`127.0.0.1:${port}`)).rejects.toMatchObject({
    reason: "PORT_IN_USE",
    message: expect.stringContaining(`127.0.0.1:${port} is in use: stop`),
  });
});

test("an address that is not ours is a wrong configuration", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  await expect(bind("192.0.2.1:0")).rejects.toMatchObject({ reason: "BAD_CONFIG" });
});
