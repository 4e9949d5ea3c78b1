// Original file: proto/google/rpc/status.proto

import type { Any as _google_rpc_Any, Any__Output as _google_rpc_Any__Output } from '../../google/rpc/Any.ts';

export interface Status {
  'code'?: (number);
  'message'?: (string);
  'details'?: (_google_rpc_Any)[];
}

export interface Status__Output {
  'code': (number);
  'message': (string);
  'details': (_google_rpc_Any__Output)[];
}
