import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Config as _kvring_v1_Config, Config__Output as _kvring_v1_Config__Output } from './kvring/v1/Config.ts';
import type { Epoch as _kvring_v1_Epoch, Epoch__Output as _kvring_v1_Epoch__Output } from './kvring/v1/Epoch.ts';
import type { Invalidation as _kvring_v1_Invalidation, Invalidation__Output as _kvring_v1_Invalidation__Output } from './kvring/v1/Invalidation.ts';
import type { LogRecord as _kvring_v1_LogRecord, LogRecord__Output as _kvring_v1_LogRecord__Output } from './kvring/v1/LogRecord.ts';
import type { MissJob as _kvring_v1_MissJob, MissJob__Output as _kvring_v1_MissJob__Output } from './kvring/v1/MissJob.ts';
import type { Owner as _kvring_v1_Owner, Owner__Output as _kvring_v1_Owner__Output } from './kvring/v1/Owner.ts';
import type { Position as _kvring_v1_Position, Position__Output as _kvring_v1_Position__Output } from './kvring/v1/Position.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kvring: {
    v1: {
      Config: MessageTypeDefinition<_kvring_v1_Config, _kvring_v1_Config__Output>
      Epoch: MessageTypeDefinition<_kvring_v1_Epoch, _kvring_v1_Epoch__Output>
      Invalidation: MessageTypeDefinition<_kvring_v1_Invalidation, _kvring_v1_Invalidation__Output>
      LogRecord: MessageTypeDefinition<_kvring_v1_LogRecord, _kvring_v1_LogRecord__Output>
      MissJob: MessageTypeDefinition<_kvring_v1_MissJob, _kvring_v1_MissJob__Output>
      Owner: MessageTypeDefinition<_kvring_v1_Owner, _kvring_v1_Owner__Output>
      Position: MessageTypeDefinition<_kvring_v1_Position, _kvring_v1_Position__Output>
    }
  }
}

