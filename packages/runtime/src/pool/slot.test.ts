import { ManualClock, silentLog } from "@kvring/core";
import { expect, test } from "vitest";
import type { Reply, Request } from "../child/messages.ts";
import type { Child, ChildEvents } from "./child-process.ts";
import { Slot, type Task } from "./slot.ts";

/** A slot over children that do what the test says. */
class Stage {
  readonly clock = new ManualClock();
  readonly children: {
    readonly events: ChildEvents;
    readonly asked: Request[];
    killed: boolean;
  }[] = [];
  readonly tasks: Task[] = [];
  readonly outcomes: string[] = [];
  readonly slot = new Slot({
    start: (events) => this.#start(events),
    next: () => this.tasks.shift(),
    clock: this.clock,
    log: silentLog,
  });

  get last() {
    const child = this.children.at(-1);
    if (child === undefined) throw new Error("no child was started");
    return child;
  }

  say(reply: Reply): void {
    this.last.events.onReply(reply);
  }

  die(why: string): void {
    this.last.events.onExit(why);
  }

  give(name: string): void {
    this.tasks.push({
      request: { kind: "unload", digest: name },
      settle: (reply) => this.outcomes.push(`${name} ${reply.kind}`),
      crashed: (why) => this.outcomes.push(`${name} ${why}`),
    });
    this.slot.wake();
  }

  #start(events: ChildEvents): Child {
    const child = { events, asked: [] as Request[], killed: false };
    this.children.push(child);
    return {
      pid: this.children.length,
      send: (request) => child.asked.push(request),
      kill: () => {
        child.killed = true;
      },
    };
  }
}

test("work waits until the child is ready and is given one by one", async () => {
  const stage = new Stage();
  stage.give("a");
  stage.give("b");
  expect(stage.last.asked).toEqual([]);
  stage.say({ kind: "ready" });
  await stage.slot.ready;
  expect(stage.last.asked.length).toBe(1);
  stage.say({ kind: "unloaded" });
  expect(stage.outcomes).toEqual(["a unloaded"]);
  stage.say({ kind: "unloaded" });
  expect(stage.outcomes).toEqual(["a unloaded", "b unloaded"]);
  expect(stage.slot.status).toEqual({ step: "idle", pid: 1, restarts: 0 });
});

test("a death crashes what the child did and nothing else", () => {
  const stage = new Stage();
  stage.say({ kind: "ready" });
  stage.give("a");
  stage.give("b");
  stage.die("died of SIGKILL");
  expect(stage.outcomes).toEqual(["a died of SIGKILL"]);
  stage.clock.advance(99);
  expect(stage.children.length).toBe(1);
  stage.clock.advance(1);
  stage.say({ kind: "ready" });
  stage.say({ kind: "unloaded" });
  expect(stage.outcomes).toEqual(["a died of SIGKILL", "b unloaded"]);
  expect(stage.slot.status.restarts).toBe(1);
});

test("each early death doubles the rest, a stable life ends that", () => {
  const stage = new Stage();
  for (const restMs of [100, 200, 400]) {
    stage.say({ kind: "ready" });
    stage.die("died");
    const { length } = stage.children;
    stage.clock.advance(restMs - 1);
    expect(stage.children.length).toBe(length);
    stage.clock.advance(1);
    expect(stage.children.length).toBe(length + 1);
  }
  stage.say({ kind: "ready" });
  stage.clock.advance(10_000);
  stage.die("died");
  stage.clock.advance(100);
  expect(stage.children.length).toBe(5);
});

test("a child that does not get ready is killed, and a first one's death is told", async () => {
  const stage = new Stage();
  stage.clock.advance(30_000);
  expect(stage.last.killed).toBe(true);
  stage.die("died of SIGKILL");
  await expect(stage.slot.ready).rejects.toThrow("cannot be used: it died of SIGKILL");
  stage.clock.advance(100);
  stage.say({ kind: "ready" });
  expect(stage.slot.status.step).toBe("idle");
});

test("closing crashes what runs and waits for the child's end", async () => {
  const stage = new Stage();
  stage.say({ kind: "ready" });
  stage.give("a");
  let closed = false;
  const closing = stage.slot.close().then(() => {
    closed = true;
  });
  expect(stage.outcomes).toEqual(["a was closed"]);
  expect(stage.last.killed).toBe(true);
  // An answer that was under way finds nobody.
  stage.say({ kind: "unloaded" });
  await Promise.resolve();
  expect(closed).toBe(false);
  stage.die("died of SIGKILL");
  await closing;
  stage.clock.advance(60_000);
  expect(stage.children.length).toBe(1);
  expect(stage.slot.status).toEqual({ step: "closed", restarts: 0 });
});

test("closing a slot whose child rests starts no other", async () => {
  const stage = new Stage();
  stage.die("died");
  await stage.slot.close();
  stage.clock.advance(60_000);
  expect(stage.children.length).toBe(1);
});
