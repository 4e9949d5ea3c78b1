/** Requests that are wrong in one way each. */
import type { InferRequest } from "./plain-client.ts";
import { byteElements, float32s, int32s, rawRequest, sumInputs } from "./requests.ts";

/** What is wrong, a request with it, a pattern of its reason, and what the sentence must name. */
export type WrongRequest = readonly [
  what: string,
  request: InferRequest,
  reason: string,
  culprits: RegExp[],
];

const [a, b] = sumInputs(1, 2);
const sums = (...tensors: Parameters<typeof rawRequest>[1]): InferRequest =>
  rawRequest("sum-difference", tensors);

const rightType = { datatype: "INT32", shape: [1, 16] };
const ones = (count: number): number[] => new Array<number>(count).fill(1);
const typed = (name: string, contents: Record<string, unknown[]>) => ({
  ...rightType,
  ...{ name, contents },
});

export const wrongNames: readonly WrongRequest[] = [
  ["an unknown model", rawRequest("nobody", [a, b]), "MODEL_NOT_FOUND", [/nobody/]],
  [
    "an unknown version",
    { ...sums(a, b), model_version: "7" },
    "MODEL_NOT_FOUND",
    [/sum-difference/, /7/],
  ],
  ["no model", rawRequest("", [a, b]), "MODEL_NOT_FOUND", []],
  ["a model with NUL in its name", rawRequest("sum\0", [a, b]), "MODEL_NOT_FOUND", [/sum/]],
  ["a path for a model", rawRequest("../mnist", [a, b]), "MODEL_NOT_FOUND", [/\.\.\/mnist/]],
  ["a name that needs escaping", rawRequest("100 %25\n–", []), "MODEL_NOT_FOUND", [/100 %25/]],
  ["a wrong input name", sums(a, { ...b, name: "c" }), "INPUT_UNKNOWN", [/"c"/]],
  ["a name in other case", sums(a, { ...b, name: "B" }), "INPUT_UNKNOWN", [/"B"/]],
  ["a missing input", sums(a), "INPUT_MISSING", [/"b"/]],
  ["no input at all", { model_name: "sum-difference" }, "INPUT_MISSING", [/"a"|"b"/]],
  ["an extra input", sums(a, b, { ...b, name: "c" }), "INPUT_UNKNOWN", [/"c"/]],
  ["an input twice", sums(a, b, a), "INPUT_DUPLICATE", [/"a"/]],
  [
    "an unknown output",
    { ...sums(a, b), outputs: [{ name: "quotient" }] },
    "OUTPUT_UNKNOWN",
    [/"quotient"/],
  ],
  [
    "an output twice",
    { ...sums(a, b), outputs: [{ name: "sum" }, { name: "sum" }] },
    "OUTPUT_DUPLICATE",
    [/"sum"/],
  ],
];

export const wrongShapes: readonly WrongRequest[] = [
  [
    "another datatype",
    sums(float32s("a", ones(16), [1, 16]), b),
    "DATATYPE_MISMATCH",
    [...[/"a"/, /FP32/, /INT32/]],
  ],
  ["a datatype of no model", sums({ ...a, datatype: "BF16" }, b), "DATATYPE_UNSUPPORTED", [/BF16/]],
  ["no datatype there is", sums({ ...a, datatype: "INT31" }, b), "DATATYPE_UNSUPPORTED", [/INT31/]],
  ["no datatype", sums({ ...a, datatype: "" }, b), "DATATYPE_UNSUPPORTED", [/"a"/]],
  ["another shape", sums(int32s("a", ones(15), [1, 15]), b), "SHAPE_MISMATCH", [/"a"/, /15/, /16/]],
  ["another rank", sums({ ...a, shape: [16] }, b), "SHAPE_MISMATCH", [/"a"/, /16/]],
  ["a negative dimension", sums({ ...a, shape: [1, -16] }, b), "SHAPE_MISMATCH", [/"a"/, /-16/]],
  [
    "−1 where any size goes",
    rawRequest("dynamic-batch", [float32s("x", ones(4), [-1, 4])]),
    "SHAPE_MISMATCH",
    [/"x"/, /-1/],
  ],
  [
    "a tensor without a shape",
    rawRequest("dynamic-batch", [float32s("x", ones(4), [])]),
    "SHAPE_MISMATCH",
    [/"x"/],
  ],
  [
    "more dimensions than anybody has",
    rawRequest("dynamic-batch", [float32s("x", ones(4), ones(5000))]),
    "SHAPE_MISMATCH",
    [/"x"/],
  ],
];

export const wrongSizes: readonly WrongRequest[] = [
  [
    "too few bytes",
    sums({ ...a, raw: a.raw.subarray(4) }, b),
    "SIZE_MISMATCH",
    [/"a"/, /60/, /64/],
  ],
  [
    "too many bytes",
    sums(a, { ...b, raw: Buffer.alloc(65) }),
    "SIZE_MISMATCH",
    [/"b"/, /65/, /64/],
  ],
  ["no bytes", sums(a, { ...b, raw: Buffer.of() }), "SIZE_MISMATCH", [/"b"/, /64/]],
  [
    "a shape that promises more bytes than there are numbers",
    {
      model_name: "dynamic-batch",
      inputs: [{ name: "x", datatype: "FP32", shape: [2 ** 51, 4] }],
      raw_input_contents: [Buffer.of()],
    },
    "(SIZE|SHAPE)_MISMATCH",
    [/"x"/],
  ],
  [
    "a dimension beyond 2⁵³",
    {
      model_name: "dynamic-batch",
      inputs: [{ name: "x", datatype: "FP32", shape: ["4611686018427387904", 4] }],
      raw_input_contents: [Buffer.of()],
    },
    "SHAPE_MISMATCH|MESSAGE_MALFORMED",
    [/2\^53/],
  ],
  [
    "too few elements",
    {
      model_name: "sum-difference",
      inputs: [typed("a", { int_contents: ones(15) }), typed("b", { int_contents: ones(16) })],
    },
    "SIZE_MISMATCH",
    [/"a"/, /15/, /16/],
  ],
  [
    "elements in the field of another datatype",
    {
      model_name: "sum-difference",
      inputs: [typed("a", { fp32_contents: ones(16) }), typed("b", { int_contents: ones(16) })],
    },
    "(SIZE|DATATYPE)_MISMATCH",
    [/"a"/],
  ],
  [
    "FP16 in a typed form",
    {
      model_name: "identity-fp16",
      inputs: [{ name: "input", datatype: "FP16", shape: [1], contents: { fp32_contents: [1] } }],
    },
    "(SIZE|DATATYPE)_MISMATCH",
    [/"input"/],
  ],
  [
    "a number beyond its datatype",
    {
      model_name: "identity-int8",
      inputs: [{ name: "input", datatype: "INT8", shape: [1], contents: { int_contents: [300] } }],
    },
    "[A-Z_]+",
    [/"input"/],
  ],
  [
    "raw and typed tensors together",
    {
      model_name: "sum-difference",
      inputs: [{ ...rightType, name: "a" }, typed("b", { int_contents: ones(16) })],
      raw_input_contents: [a.raw],
    },
    "MIXED_CONTENTS",
    [/raw/],
  ],
  [
    "both forms of each tensor",
    {
      model_name: "sum-difference",
      inputs: [typed("a", { int_contents: ones(16) }), typed("b", { int_contents: ones(16) })],
      raw_input_contents: [a.raw, b.raw],
    },
    "MIXED_CONTENTS",
    [/raw/],
  ],
  [
    "raw bytes for one of two",
    { ...sums(a, b), raw_input_contents: [a.raw] },
    "[A-Z_]+",
    [/1/, /2/],
  ],
  [
    "raw bytes for three of two",
    { ...sums(a, b), raw_input_contents: [a.raw, b.raw, b.raw] },
    "[A-Z_]+",
    [/3/, /2/],
  ],
];

const texts = (elements: number, raw: Buffer): InferRequest =>
  rawRequest("identity-bytes", [{ name: "input", datatype: "BYTES", shape: [elements], raw }]);
const typedTexts = (...elements: Buffer[]): InferRequest => ({
  model_name: "identity-bytes",
  inputs: [
    {
      ...{ name: "input", datatype: "BYTES", shape: [elements.length] },
      contents: { bytes_contents: elements },
    },
  ],
});

const lengthOnly = Buffer.from("ffffffff", "hex");
const malformedTexts: readonly [string, Buffer][] = [
  ["NUL", Buffer.from("a\0b")],
  ["a lone surrogate", Buffer.from("61eda080", "hex")],
  ["bytes that are no UTF-8", Buffer.from("ff", "hex")],
  ["a cut UTF-8 sequence", Buffer.from("c3", "hex")],
  ["an overlong NUL", Buffer.from("c080", "hex")],
  ["a code point beyond Unicode", Buffer.from("f4908080", "hex")],
];

export const wrongTexts: readonly WrongRequest[] = [
  [
    "a BYTES element cut off",
    texts(1, byteElements(["abc"]).subarray(0, 5)),
    "BYTES_MALFORMED",
    [/"input"/],
  ],
  ["half a length", texts(1, Buffer.of(1, 0, 0)), "BYTES_MALFORMED", [/"input"/]],
  ["a length beyond all memory", texts(1, lengthOnly), "BYTES_MALFORMED", [/"input"/]],
  [
    "bytes after the last element",
    texts(1, Buffer.concat([byteElements(["a"]), Buffer.of(0)])),
    "BYTES_MALFORMED|SIZE_MISMATCH",
    [/"input"/],
  ],
  [
    "fewer elements than promised",
    texts(3, byteElements(["a", "b"])),
    "BYTES_MALFORMED|SIZE_MISMATCH",
    [/"input"/],
  ],
  [
    "more elements than promised",
    texts(1, byteElements(["a", "b"])),
    "BYTES_MALFORMED|SIZE_MISMATCH",
    [/"input"/],
  ],
  [
    "fewer typed elements than promised",
    {
      model_name: "identity-bytes",
      inputs: [
        {
          ...{ name: "input", datatype: "BYTES", shape: [2] },
          contents: { bytes_contents: [Buffer.from("a")] },
        },
      ],
    },
    "SIZE_MISMATCH",
    [/"input"/],
  ],
  ...malformedTexts.flatMap(([what, element]): WrongRequest[] => [
    [what, texts(2, byteElements(["fine", element])), "BYTES_MALFORMED", [/"input"/]],
    [`${what}, typed`, typedTexts(Buffer.from("fine"), element), "BYTES_MALFORMED", [/"input"/]],
  ]),
];

/** Longer than any trailer may be. */
const long = "x".repeat(100_000);
export const longNames: readonly WrongRequest[] = [
  ["model", rawRequest(long, [a, b]), "[A-Z_]+", [/x{20}/]],
  ["version", { ...sums(a, b), model_version: long }, "[A-Z_]+", []],
  ["input", sums(a, { ...b, name: long }), "[A-Z_]+", []],
  ["output", { ...sums(a, b), outputs: [{ name: long }] }, "[A-Z_]+", []],
  ["datatype", sums(a, { ...b, datatype: long }), "[A-Z_]+", []],
  [
    "directive",
    { ...sums(a, b), parameters: { cache_control: { string_param: long } } },
    "BAD_CACHE_CONTROL",
    [],
  ],
];
