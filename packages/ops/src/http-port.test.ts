import { once } from "node:events";
import { connect } from "node:net";
import { KvringError, type Log, silentLog } from "@kvring/core";
import { Gauge } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import type { Check } from "./checks.ts";
import { type HttpPort, serveHttp } from "./http-port.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

const open: HttpPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()));
});

const fine: Check = { name: "bus", failing: () => undefined };

async function serve(
  options: {
    readonly live?: readonly Check[];
    readonly ready?: readonly Check[];
    readonly metrics?: Metrics;
    readonly log?: Log;
    readonly host?: string;
    readonly port?: number;
  } = {},
): Promise<HttpPort & { readonly url: string }> {
  const { live = [fine], ready = [fine], log = silentLog, host = "127.0.0.1", port = 0 } = options;
  const metrics = options.metrics ?? createMetrics({ process: false });
  const http = await serveHttp({ listen: { host, port }, metrics, live, ready, log });
  open.push(http);
  return { ...http, url: `http://${http.address}` };
}

describe("the probes", () => {
  test("answer 200 while all is well", async () => {
    const { url } = await serve();
    for (const path of ["/livez", "/readyz", "/readyz?verbose"]) {
      const response = await fetch(url + path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toContain("application/json");
      expect(await response.json()).toEqual({ status: "ok", checks: [{ name: "bus", ok: true }] });
    }
  });

  test("answer 503 and say what is missing, live and ready apart", async () => {
    let why: string | undefined = "no model can be answered yet";
    const model: Check = { name: "model", failing: () => why };
    const { url } = await serve({ ready: [fine, model] });
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "failing",
      checks: [
        { name: "bus", ok: true },
        { name: "model", ok: false, why },
      ],
    });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    why = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test("are not stored on the way", async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/readyz`)).headers.get("cache-control")).toBe("no-store");
  });
});

describe("/metrics", () => {
  test("gives what is registered, as of now", async () => {
    const metrics = createMetrics({ process: false });
    const registers = [metrics.registry];
    const used = new Gauge({ name: "kvring_used_bytes", help: "Bytes", registers });
    const { url } = await serve({ metrics });
    for (const bytes of [1, 2]) {
      used.set(bytes);
      const response = await fetch(`${url}/metrics`);
      expect(response.headers.get("content-type")).toMatch(/^text\/plain.*charset=utf-8$/);
      expect(await response.text()).toContain(`kvring_used_bytes ${bytes}`);
    }
  });

  test("that cannot be collected are a logged 500, and the port goes on", async () => {
    const metrics = createMetrics({ process: false });
    const registers = [metrics.registry];
    const collect = (): never => {
      throw new Error("the store is closed");
    };
    new Gauge({ name: "kvring_entries", help: "Entries", registers, collect });
    const logged: object[] = [];
    const log: Log = { ...silentLog, error: (fields) => logged.push(fields) };
    const { url } = await serve({ metrics, log });
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("the store is closed");
    expect(logged).toEqual([{ url: "/metrics", error: new Error("the store is closed") }]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe("other requests", () => {
  test("get told what there is", async () => {
    const { url } = await serve();
    for (const path of ["/", "/metrics/", "/../etc/passwd", "/healthz"]) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(await response.text()).toBe("nothing here; there is /metrics, /livez, /readyz\n");
    }
  });

  test("HEAD has the headers of GET and no body", async () => {
    const { url } = await serve();
    for (const path of ["/metrics", "/livez", "/nowhere"]) {
      const [head, get] = [await fetch(url + path, { method: "HEAD" }), await fetch(url + path)];
      expect(head.status).toBe(get.status);
      expect(await head.text()).toBe("");
      expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
      expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
      await get.arrayBuffer();
    }
  });

  test("that would change something are refused, their bodies unread", async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/readyz`, { method: "POST", body: "x".repeat(100_000) });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    await response.arrayBuffer();
  });

  test.each([
    ["nonsense", "\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400"],
    [
      "headers beyond 8 KiB",
      `GET /livez HTTP/1.1\r\nx: ${"y".repeat(9_000)}\r\n\r\n`,
      "HTTP/1.1 431",
    ],
  ])("of %s are cut short", async (_, request, status) => {
    const { port, url } = await serve();
    expect(await rawAnswer(port, request)).toContain(status);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe("the port", () => {
  test("in use is an error that says what to do", async () => {
    const first = await serve();
    const again = serve({ port: first.port });
    await expect(again).rejects.toMatchObject({ reason: "PORT_IN_USE" });
    await expect(again).rejects.toThrow(
      `${first.address} is in use: stop what listens there, or choose another port with --http`,
    );
  });

  test("of an address that is not ours is a configuration error", async () => {
    // TEST-NET-1 of RFC 5737 is nobody's.
    await expect(serve({ host: "192.0.2.1" })).rejects.toThrow("no address of this machine");
    const unknown = serve({ host: "no-such-host.invalid" });
    await expect(unknown).rejects.toBeInstanceOf(KvringError);
    await expect(unknown).rejects.toMatchObject({ reason: "BAD_CONFIG" });
  });

  test("tells where it listens, also by name", async () => {
    const named = await serve({ host: "localhost" });
    expect(named.address).toBe(`localhost:${named.port}`);
    expect((await fetch(`${named.url}/livez`)).status).toBe(200);
  });

  test("closes in spite of idle and unfinished connections, and can be taken again", async () => {
    const http = await serve();
    // Node's fetch keeps its connection open.
    await (await fetch(`${http.url}/livez`)).arrayBuffer();
    const stuck = connect(http.port, "127.0.0.1");
    await once(stuck, "connect");
    stuck.on("error", () => {});
    stuck.write("GET /livez HTTP/1.1\r\nx: ");
    const ended = once(stuck, "close");
    await http.close();
    await ended;
    const again = await serve({ port: http.port });
    expect(again.port).toBe(http.port);
  });
});

async function rawAnswer(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(request);
  let received = "";
  for await (const chunk of socket) received += chunk;
  return received;
}
