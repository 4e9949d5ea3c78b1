import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Config as _kvring_v1_Config, Config__Output as _kvring_v1_Config__Output } from './kvring/v1/Config.ts';
import type { DirectAnswer as _kvring_v1_DirectAnswer, DirectAnswer__Output as _kvring_v1_DirectAnswer__Output } from './kvring/v1/DirectAnswer.ts';
import type { DirectBegin as _kvring_v1_DirectBegin, DirectBegin__Output as _kvring_v1_DirectBegin__Output } from './kvring/v1/DirectBegin.ts';
import type { DirectFailure as _kvring_v1_DirectFailure, DirectFailure__Output as _kvring_v1_DirectFailure__Output } from './kvring/v1/DirectFailure.ts';
import type { DirectReply as _kvring_v1_DirectReply, DirectReply__Output as _kvring_v1_DirectReply__Output } from './kvring/v1/DirectReply.ts';
import type { DirectRequest as _kvring_v1_DirectRequest, DirectRequest__Output as _kvring_v1_DirectRequest__Output } from './kvring/v1/DirectRequest.ts';
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
      DirectAnswer: MessageTypeDefinition<_kvring_v1_DirectAnswer, _kvring_v1_DirectAnswer__Output>
      DirectBegin: MessageTypeDefinition<_kvring_v1_DirectBegin, _kvring_v1_DirectBegin__Output>
      DirectFailure: MessageTypeDefinition<_kvring_v1_DirectFailure, _kvring_v1_DirectFailure__Output>
      DirectReply: MessageTypeDefinition<_kvring_v1_DirectReply, _kvring_v1_DirectReply__Output>
      DirectRequest: MessageTypeDefinition<_kvring_v1_DirectRequest, _kvring_v1_DirectRequest__Output>
      Epoch: MessageTypeDefinition<_kvring_v1_Epoch, _kvring_v1_Epoch__Output>
      Invalidation: MessageTypeDefinition<_kvring_v1_Invalidation, _kvring_v1_Invalidation__Output>
      LogRecord: MessageTypeDefinition<_kvring_v1_LogRecord, _kvring_v1_LogRecord__Output>
      MissJob: MessageTypeDefinition<_kvring_v1_MissJob, _kvring_v1_MissJob__Output>
      Owner: MessageTypeDefinition<_kvring_v1_Owner, _kvring_v1_Owner__Output>
      Position: MessageTypeDefinition<_kvring_v1_Position, _kvring_v1_Position__Output>
    }
  }
}

