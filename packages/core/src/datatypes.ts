/** The datatypes of the Open Inference Protocol, and the bytes of one element (0: varies). */
const elementBytes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
} as const;

export type Datatype = keyof typeof elementBytes;

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(elementBytes, name);
}

/** Bytes of one element; 0 for BYTES, whose elements carry their own length. */
export function bytesPerElement(datatype: Datatype): number {
  return elementBytes[datatype];
}
