import type { ModelProto, NodeProto } from "onnx-buf";

/** They take the range of a whole tensor, all rows of it, for the scale of each. */
const scaling = ["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"];
/** What they answer is no function of the input, and so nothing a row could be held to. */
const random = ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];
const drawing = ["Multinomial", "Bernoulli"];
const hazards: ReadonlySet<string> = new Set([...scaling, ...random, ...drawing]);

/**
 * Operators of a model, subgraphs and functions included, that make a row's answer depend on who
 * else is there. A trial may miss them: a classifier that only tells the best class hides small
 * differences.
 */
export function hazardsOf({ graph, functions }: ModelProto): readonly string[] {
  const found = new Set<string>();
  if (graph !== undefined) collect(graph.node, found);
  for (const { node } of functions) collect(node, found);
  return [...found].sort();
}

function collect(nodes: readonly NodeProto[], found: Set<string>): void {
  for (const { opType, attribute } of nodes) {
    if (hazards.has(opType)) found.add(opType);
    for (const { g, graphs } of attribute) {
      if (g !== undefined) collect(g.node, found);
      for (const inner of graphs) collect(inner.node, found);
    }
  }
}
