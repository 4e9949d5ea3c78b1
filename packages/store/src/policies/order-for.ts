import type { PolicyName } from "../store.ts";
import { CostOrder } from "./cost-order.ts";
import type { EvictionOrder, OrderOptions } from "./eviction-order.ts";
import { FrequencyOrder } from "./frequency-order.ts";
import { QueueOrder } from "./queue-order.ts";
import { S3FifoOrder } from "./s3-fifo-order.ts";
import { SieveOrder } from "./sieve-order.ts";
import { TinyLfuOrder } from "./tiny-lfu-order.ts";

export function orderFor(policy: PolicyName, options: OrderOptions): EvictionOrder {
  switch (policy) {
    case "lru":
      return new QueueOrder(options.slots, "recency");
    case "fifo":
      return new QueueOrder(options.slots, "arrival");
    case "lfu":
      return new FrequencyOrder(options.slots, options.lfuAges);
    case "sieve":
      return new SieveOrder(options.slots);
    case "s3-fifo":
      return new S3FifoOrder(options);
    case "w-tinylfu":
      return new TinyLfuOrder(options);
    case "gdsf":
      return new CostOrder(options);
  }
}
