import { type Bus, createInProcessBus } from "@kvring/bus";
import {
  type EntryHeader,
  encodeEntry,
  type KvringError,
  type LifeRules,
  ManualClock,
  type Parameter,
} from "@kvring/core";
import {
  decodeMissJob,
  decodeResponse,
  encodeAnswer,
  encodeRequest,
  type InferRequest,
  type InferResponse,
  type MissJob,
  messageIn,
} from "@kvring/wire";
import { Registry } from "prom-client";
import { NearCache } from "../../cache/near-cache.ts";
import { catalogOf, digestOf, entryOf, publish } from "../../catalog/testing/catalog.ts";
import type { NodeDirectory } from "../../cluster/node-directory.ts";
import { Hedging } from "../../hedging/hedging.ts";
import { GatewayMetrics } from "../../metrics.ts";
import { defaultGatewayOptions, type GatewayOptions } from "../../options.ts";
import { MissAdmission } from "../../overload/miss-admission.ts";
import { DirectDesk } from "../direct-desk.ts";
import { InferencePath } from "../inference-path.ts";
import { JobPublisher } from "../job-publisher.ts";
import { PoisonedBuffers } from "./poisoned-buffers.ts";
import { ScriptedCoherence } from "./scripted-coherence.ts";
import { ScriptedLink } from "./scripted-link.ts";

export const born = { epoch: 3, sequence: 9 };
const digest = digestOf("1");

/** What became of one request. */
export interface Asked {
  /** How often it was responded to. */
  responses: number;
  error?: KvringError;
  answer?: InferResponse;
  /** `cache_status` of the answer. */
  status?: string;
  cancel(): void;
}

/** A path wired to a bus in this process and to nodes that say what a test tells them to. */
export class PathUnderTest {
  readonly clock = new ManualClock();
  readonly bus: Bus = createInProcessBus({ clock: this.clock });
  readonly links = [new ScriptedLink("n1"), new ScriptedLink("n2")];
  readonly nearCache = new NearCache(2 ** 20, this.clock);
  readonly memory = new PoisonedBuffers();
  readonly desk = new DirectDesk("gw-1", this.clock);
  readonly metrics: GatewayMetrics;
  readonly misses: MissAdmission;
  readonly path: InferencePath;
  readonly coherence = new ScriptedCoherence(born);
  /** What chance says. */
  draw = 0.5;
  /** The owners of every key. */
  owners: readonly ScriptedLink[] = this.links;
  /** Those who held every key before. */
  formerOwners: readonly ScriptedLink[] = [];

  private constructor(
    catalog: Awaited<ReturnType<typeof catalogOf>>,
    options: Partial<GatewayOptions>,
    bus: Bus,
  ) {
    this.bus = bus;
    this.metrics = new GatewayMetrics(new Registry(), {
      nearCache: this.nearCache,
      inFlight: () => this.path.inFlight,
      missesInFlight: () => this.misses.inFlight,
      leaseAgeMs: () => 0,
      gateways: () => 1,
      ringVersion: () => 1,
      linksUp: () => 2,
    });
    const nodes = {
      owners: () => this.owners,
      formerOwners: () => this.formerOwners,
      ringVersion: 1,
    };
    const { inFlight } = { ...defaultGatewayOptions, ...options };
    this.misses = new MissAdmission({
      most: Math.ceil(inFlight / 2),
      clock: this.clock,
      onShed: (model) => this.metrics.shed(model),
    });
    this.path = new InferencePath({
      options: { ...defaultGatewayOptions, ...options },
      clock: this.clock,
      coherence: this.coherence,
      catalog,
      nodes: nodes as unknown as NodeDirectory,
      nearCache: this.nearCache,
      memory: this.memory,
      jobs: new JobPublisher({
        queue: bus.queue,
        desk: this.desk,
        misses: this.misses,
        defaults: defaultGatewayOptions,
      }),
      hedging: new Hedging(options.hedge ?? defaultGatewayOptions.hedge),
      metrics: this.metrics,
      random: () => this.draw,
    });
  }

  static async start(
    options: Partial<GatewayOptions> = {},
    bus = createInProcessBus(),
    rules: LifeRules = {},
  ) {
    await publish(bus, { ...entryOf(), ...rules });
    const under = new PathUnderTest(await catalogOf(bus), options, bus);
    await under.desk.serve(bus.courier);
    return under;
  }

  get primary(): ScriptedLink {
    const [first] = this.links;
    if (first === undefined) throw new Error("two links");
    return first;
  }

  ask(parameters: readonly Parameter[] = [], request: Partial<InferRequest> = {}): Asked {
    return this.send(encodeRequest({ model: "sums", inputs: inputs(), parameters, ...request }));
  }

  send(message: Uint8Array, remainingMs?: number): Asked {
    let cancel: () => void = () => {};
    const asked: Asked = { responses: 0, cancel: () => cancel() };
    const call = {
      tenant: "",
      parameters: [],
      remainingMs,
      onCancel: (listener: () => void) => {
        cancel = listener;
      },
    };
    this.path.infer(Uint8Array.from(message), call, (error, answer) => {
      asked.responses += 1;
      if (error !== undefined) asked.error = error;
      if (answer === undefined) return;
      asked.answer = decodeResponse(messageIn(answer));
      const status = asked.answer.parameters.get("cache_status");
      asked.status = status?.kind === "string" ? status.value : "";
    });
    return asked;
  }

  /** The next job in the queue. */
  async nextJob(): Promise<MissJob> {
    const { promise, resolve } = Promise.withResolvers<MissJob>();
    const consumer = await this.bus.queue.consume({
      digest,
      slots: 1,
      handle: async ({ body }) => resolve(decodeMissJob(body)),
    });
    const job = await promise;
    await consumer.stop();
    return job;
  }
}

function inputs(): InferRequest["inputs"] {
  return ["a", "b"].map((name) => ({ name, datatype: "INT32", shape: [2], data: Buffer.alloc(8) }));
}

/** An answer's entry, as a node keeps it. */
export function storedEntry(
  header: Partial<Omit<EntryHeader, "born">> & {
    readonly epoch?: number;
    readonly sequence?: number;
  } = {},
) {
  const { epoch = born.epoch, sequence = born.sequence, ...more } = header;
  const data = Buffer.from([1, 0, 0, 0, 2, 0, 0, 0]);
  const outputs = [{ name: "sum", datatype: "INT32", shape: [2], data } as const];
  const body = encodeAnswer({ modelName: "sums", modelVersion: "1", outputs });
  const usual = { ageMs: 0, ttlMs: 60_000, costMs: 4, digest, scopes: [] };
  return encodeEntry({ ...usual, ...more, born: { epoch, sequence } }, body);
}
