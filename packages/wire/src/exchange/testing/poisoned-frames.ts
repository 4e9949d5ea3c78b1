import { frameMemory } from "../frame-stream.ts";

const poison = 0xdb;

/**
 * From now on frames are overwritten when they are given back: whoever reads one past its time, a
 * socket too, sees that. Returns what ends it.
 */
export function poisonFrames(): () => void {
  const give = frameMemory.give.bind(frameMemory);
  frameMemory.give = (memory) => {
    memory.fill(poison);
    give(memory);
  };
  return () => {
    frameMemory.give = give;
  };
}
