// Original file: proto/kvring/v1/node.proto

export const Lane = {
  SMALL: 'SMALL',
  BULK: 'BULK',
} as const;

export type Lane =
  | 'SMALL'
  | 0
  | 'BULK'
  | 1

export type Lane__Output = typeof Lane[keyof typeof Lane]
