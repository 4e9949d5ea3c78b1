import { defaultCoherenceOptions, GatewayCore } from "./index.ts";

const g = new GatewayCore({ ...defaultCoherenceOptions, id: "a", isLogOurs: true });
const rec = (sequence: number, record: any) =>
  g.step({ kind: "record", position: { epoch: 7, sequence }, record }, 0);
g.step({ kind: "epoch", epoch: 7, before: 0 }, 0);
rec(1, { kind: "join", gateway: "a" });
rec(2, { kind: "config", terms: { waitMs: 15000, drift: 0 } });
rec(3, { kind: "heartbeat", gateway: "a", nonce: "a.3" });
let seq = 3;
for (let i = 0; i < 30000; i++)
  rec(++seq, {
    kind: "invalidation",
    scopes: [BigInt(1000 + i * 7919)],
    attempt: "x",
    coordinator: "b",
  });
const scopes = [1n, 2n, 3n, 4n, 5n],
  tags = [6n];
for (const born of [
  { epoch: 7, sequence: seq },
  { epoch: 7, sequence: 5 },
]) {
  for (let r = 0; r < 3; r++) {
    const t = performance.now();
    let n = 0;
    for (let i = 0; i < 2e6; i++) {
      if (g.admission.admit(1) && g.admission.isCurrent({ born, scopes }, tags)) n++;
    }
    console.log(born.sequence, (((performance.now() - t) / 2e6) * 1e6).toFixed(1), "ns", n);
  }
}
const t = performance.now();
for (let i = 0; i < 200000; i++) rec(++seq, { kind: "heartbeat", gateway: "b", nonce: "n" });
console.log("step", (((performance.now() - t) / 200000) * 1e3).toFixed(2), "us");
