import {
  bytesPerElement,
  checkBytes,
  elementCount,
  isDatatype,
  KvringError,
  limits,
  type ModelSignature,
  shapeFits,
  type Tensor,
  type TensorSpec,
} from "@kvring/core";
import { rawFromContents } from "./contents.ts";
import type { ScannedInput, ScannedRequest } from "./scan.ts";

/**
 * The request's tensors, checked against what the model declares, in the model's order.
 *
 * A bad request is found here, before it costs anyone: unknown, missing or repeated inputs, wrong
 * datatype, shape or number of bytes, raw mixed with typed. Raw tensors stay views on the message.
 */
export function resolveInputs(request: ScannedRequest, signature: ModelSignature): Tensor[] {
  const isRaw = checkForm(request);
  const given = new Map<string, Tensor>();
  request.inputs.forEach((input, index) => {
    const spec = signature.inputs.find(({ name }) => name === input.name);
    if (spec === undefined) throw unknownInput(request, input, signature);
    if (given.has(input.name)) {
      throw new KvringError("INPUT_DUPLICATE", `input "${input.name}" is given twice`);
    }
    given.set(
      input.name,
      resolveInput(input, spec, isRaw ? request.rawContents[index] : undefined),
    );
  });
  return signature.inputs.map(({ name, datatype, shape }) => {
    const tensor = given.get(name);
    if (tensor !== undefined) return tensor;
    throw new KvringError(
      "INPUT_MISSING",
      `model "${request.modelName}" needs input "${name}" (${datatype}[${shape}])`,
    );
  });
}

/** The outputs to compute: the declared ones where the request names none. */
export function resolveOutputs(request: ScannedRequest, signature: ModelSignature): string[] {
  const declared = signature.outputs.map(({ name }) => name);
  if (request.outputs.length === 0) return declared;
  const asked = new Set<string>();
  for (const output of request.outputs) {
    if (!declared.includes(output)) {
      throw new KvringError(
        "OUTPUT_UNKNOWN",
        `model "${request.modelName}" has no output "${output}"; it has ${declared.join(", ")}`,
      );
    }
    if (asked.has(output)) {
      throw new KvringError("OUTPUT_DUPLICATE", `output "${output}" is asked for twice`);
    }
    asked.add(output);
  }
  return [...request.outputs];
}

/** Whether the tensors came raw. */
function checkForm(request: ScannedRequest): boolean {
  const { inputs, rawContents } = request;
  if (rawContents.length === 0) return false;
  if (inputs.some(({ contents }) => contents !== undefined)) {
    throw new KvringError(
      "MIXED_CONTENTS",
      "raw_input_contents and typed contents cannot be mixed; send all tensors in one of the forms",
    );
  }
  if (rawContents.length === inputs.length) return true;
  throw new KvringError(
    "SIZE_MISMATCH",
    `raw_input_contents has ${rawContents.length} entries for ${inputs.length} inputs`,
  );
}

function resolveInput(input: ScannedInput, spec: TensorSpec, raw: Uint8Array | undefined): Tensor {
  const { name, shape } = input;
  if (!isDatatype(input.datatype)) {
    throw new KvringError(
      "DATATYPE_UNSUPPORTED",
      `input "${name}": datatype "${input.datatype}" is not supported; the model takes ${spec.datatype}`,
    );
  }
  const { datatype } = input;
  if (datatype !== spec.datatype) {
    throw new KvringError(
      "DATATYPE_MISMATCH",
      `input "${name}" is ${datatype}, the model takes ${spec.datatype}`,
    );
  }
  if (shape.some((dimension) => dimension < 0)) {
    throw new KvringError(
      "SHAPE_MISMATCH",
      `input "${name}" has shape [${shape}], but every dimension is a whole number from 0`,
    );
  }
  if (!shapeFits(shape, spec.shape)) {
    throw new KvringError(
      "SHAPE_MISMATCH",
      `input "${name}" has shape [${shape}], the model takes [${spec.shape}] (-1: any size)`,
    );
  }
  const data = raw ?? typedData(input, datatype, elementCount(shape));
  const tensor = { name, datatype, shape, data };
  checkBytes(tensor);
  return tensor;
}

/** Every element takes at least a byte in typed form: a shape cannot make us allocate more. */
function typedData(input: ScannedInput, datatype: Tensor["datatype"], count: number): Uint8Array {
  const contents = input.contents ?? new Uint8Array(0);
  if (count > contents.byteLength) {
    throw new KvringError(
      "SIZE_MISMATCH",
      `tensor "${input.name}" needs ${count} elements, its contents have ${contents.byteLength} bytes`,
    );
  }
  const rawBytes = count * bytesPerElement(datatype);
  if (rawBytes > limits.messageBytes) {
    // A byte of a varint can stand for eight of the tensor.
    throw new KvringError(
      "MESSAGE_TOO_LARGE",
      `tensor "${input.name}" takes ${rawBytes} bytes, a request has at most ${limits.messageBytes}`,
    );
  }
  return rawFromContents(contents, { name: input.name, datatype, count });
}

function unknownInput(
  request: ScannedRequest,
  input: ScannedInput,
  signature: ModelSignature,
): KvringError {
  const known = signature.inputs.map(({ name }) => name).join(", ");
  return new KvringError(
    "INPUT_UNKNOWN",
    `model "${request.modelName}" has no input "${input.name}"; it takes ${known}`,
  );
}
