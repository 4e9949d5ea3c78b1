import { Server, ServerCredentials } from "@grpc/grpc-js";
import { KvringClient } from "@kvring/client";
import { bindServer, frameHeadBytes, loadServices } from "@kvring/wire";
import { afterEach, expect, test } from "vitest";
import type { InferencePath } from "../inference/inference-path.ts";
import { inferHandler } from "./infer.ts";
import { rawMethod } from "./raw-method.ts";

const heldBytesMost = 10_000;
let server: Server | undefined;
let client: KvringClient | undefined;

afterEach(() => {
  client?.close();
  server?.forceShutdown();
});

async function serving(infer: InferencePath["infer"]): Promise<KvringClient> {
  const { Infer } = loadServices().kvring.v1.InferenceService.service;
  server = new Server();
  const handler = inferHandler({ infer } as InferencePath, heldBytesMost);
  server.addService({ Infer: rawMethod(Infer) }, { Infer: handler });
  const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  client = new KvringClient(`127.0.0.1:${port}`);
  return client;
}

test("what calls held is given back when they end", async () => {
  const asking = await serving((_message, _call, respond) => respond(undefined, Buffer.alloc(900)));
  for (let call = 0; call < 50; call += 1) {
    expect(await asking.inferRaw(Buffer.alloc(400))).toHaveLength(900 - frameHeadBytes);
  }
});

test("beyond the bound calls are refused, until others have ended", async () => {
  const ends: (() => void)[] = [];
  let isHolding = true;
  const asking = await serving((_message, _call, respond) => {
    const end = (): void => respond(undefined, Buffer.alloc(1));
    if (isHolding) ends.push(end);
    else end();
  });
  const held = [asking.inferRaw(Buffer.alloc(6_000)), asking.inferRaw(Buffer.alloc(6_000))];
  await expect.poll(() => ends.length).toBe(2);
  await expect(asking.inferRaw(Buffer.alloc(1))).rejects.toMatchObject({
    reason: "TOO_MANY_IN_FLIGHT",
  });
  isHolding = false;
  for (const end of ends) end();
  await Promise.all(held);
  const again = (): Promise<string> =>
    asking.inferRaw(Buffer.alloc(1)).then(
      () => "answered",
      () => "refused",
    );
  await expect.poll(again, { timeout: 20_000 }).toBe("answered");
});
