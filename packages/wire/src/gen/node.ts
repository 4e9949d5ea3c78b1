import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Adaptation as _kvring_v1_Adaptation, Adaptation__Output as _kvring_v1_Adaptation__Output } from './kvring/v1/Adaptation.ts';
import type { Begin as _kvring_v1_Begin, Begin__Output as _kvring_v1_Begin__Output } from './kvring/v1/Begin.ts';
import type { Begun as _kvring_v1_Begun, Begun__Output as _kvring_v1_Begun__Output } from './kvring/v1/Begun.ts';
import type { CacheNodeClient as _kvring_v1_CacheNodeClient, CacheNodeDefinition as _kvring_v1_CacheNodeDefinition } from './kvring/v1/CacheNode.ts';
import type { Cancel as _kvring_v1_Cancel, Cancel__Output as _kvring_v1_Cancel__Output } from './kvring/v1/Cancel.ts';
import type { Chunk as _kvring_v1_Chunk, Chunk__Output as _kvring_v1_Chunk__Output } from './kvring/v1/Chunk.ts';
import type { Config as _kvring_v1_Config, Config__Output as _kvring_v1_Config__Output } from './kvring/v1/Config.ts';
import type { CurvePoint as _kvring_v1_CurvePoint, CurvePoint__Output as _kvring_v1_CurvePoint__Output } from './kvring/v1/CurvePoint.ts';
import type { DirectAnswer as _kvring_v1_DirectAnswer, DirectAnswer__Output as _kvring_v1_DirectAnswer__Output } from './kvring/v1/DirectAnswer.ts';
import type { DirectBegin as _kvring_v1_DirectBegin, DirectBegin__Output as _kvring_v1_DirectBegin__Output } from './kvring/v1/DirectBegin.ts';
import type { DirectFailure as _kvring_v1_DirectFailure, DirectFailure__Output as _kvring_v1_DirectFailure__Output } from './kvring/v1/DirectFailure.ts';
import type { DirectReply as _kvring_v1_DirectReply, DirectReply__Output as _kvring_v1_DirectReply__Output } from './kvring/v1/DirectReply.ts';
import type { DirectRequest as _kvring_v1_DirectRequest, DirectRequest__Output as _kvring_v1_DirectRequest__Output } from './kvring/v1/DirectRequest.ts';
import type { Done as _kvring_v1_Done, Done__Output as _kvring_v1_Done__Output } from './kvring/v1/Done.ts';
import type { DrainRequest as _kvring_v1_DrainRequest, DrainRequest__Output as _kvring_v1_DrainRequest__Output } from './kvring/v1/DrainRequest.ts';
import type { DrainResponse as _kvring_v1_DrainResponse, DrainResponse__Output as _kvring_v1_DrainResponse__Output } from './kvring/v1/DrainResponse.ts';
import type { Epoch as _kvring_v1_Epoch, Epoch__Output as _kvring_v1_Epoch__Output } from './kvring/v1/Epoch.ts';
import type { ExchangeRequest as _kvring_v1_ExchangeRequest, ExchangeRequest__Output as _kvring_v1_ExchangeRequest__Output } from './kvring/v1/ExchangeRequest.ts';
import type { ExchangeResponse as _kvring_v1_ExchangeResponse, ExchangeResponse__Output as _kvring_v1_ExchangeResponse__Output } from './kvring/v1/ExchangeResponse.ts';
import type { Fail as _kvring_v1_Fail, Fail__Output as _kvring_v1_Fail__Output } from './kvring/v1/Fail.ts';
import type { Failed as _kvring_v1_Failed, Failed__Output as _kvring_v1_Failed__Output } from './kvring/v1/Failed.ts';
import type { Found as _kvring_v1_Found, Found__Output as _kvring_v1_Found__Output } from './kvring/v1/Found.ts';
import type { Granted as _kvring_v1_Granted, Granted__Output as _kvring_v1_Granted__Output } from './kvring/v1/Granted.ts';
import type { Hello as _kvring_v1_Hello, Hello__Output as _kvring_v1_Hello__Output } from './kvring/v1/Hello.ts';
import type { Invalidation as _kvring_v1_Invalidation, Invalidation__Output as _kvring_v1_Invalidation__Output } from './kvring/v1/Invalidation.ts';
import type { Keep as _kvring_v1_Keep, Keep__Output as _kvring_v1_Keep__Output } from './kvring/v1/Keep.ts';
import type { LogRecord as _kvring_v1_LogRecord, LogRecord__Output as _kvring_v1_LogRecord__Output } from './kvring/v1/LogRecord.ts';
import type { Lookup as _kvring_v1_Lookup, Lookup__Output as _kvring_v1_Lookup__Output } from './kvring/v1/Lookup.ts';
import type { MissJob as _kvring_v1_MissJob, MissJob__Output as _kvring_v1_MissJob__Output } from './kvring/v1/MissJob.ts';
import type { Missing as _kvring_v1_Missing, Missing__Output as _kvring_v1_Missing__Output } from './kvring/v1/Missing.ts';
import type { NodeStatsRequest as _kvring_v1_NodeStatsRequest, NodeStatsRequest__Output as _kvring_v1_NodeStatsRequest__Output } from './kvring/v1/NodeStatsRequest.ts';
import type { NodeStatsResponse as _kvring_v1_NodeStatsResponse, NodeStatsResponse__Output as _kvring_v1_NodeStatsResponse__Output } from './kvring/v1/NodeStatsResponse.ts';
import type { Operation as _kvring_v1_Operation, Operation__Output as _kvring_v1_Operation__Output } from './kvring/v1/Operation.ts';
import type { Owner as _kvring_v1_Owner, Owner__Output as _kvring_v1_Owner__Output } from './kvring/v1/Owner.ts';
import type { Position as _kvring_v1_Position, Position__Output as _kvring_v1_Position__Output } from './kvring/v1/Position.ts';
import type { Put as _kvring_v1_Put, Put__Output as _kvring_v1_Put__Output } from './kvring/v1/Put.ts';
import type { Refused as _kvring_v1_Refused, Refused__Output as _kvring_v1_Refused__Output } from './kvring/v1/Refused.ts';
import type { Release as _kvring_v1_Release, Release__Output as _kvring_v1_Release__Output } from './kvring/v1/Release.ts';
import type { Result as _kvring_v1_Result, Result__Output as _kvring_v1_Result__Output } from './kvring/v1/Result.ts';
import type { Stage as _kvring_v1_Stage, Stage__Output as _kvring_v1_Stage__Output } from './kvring/v1/Stage.ts';
import type { Waiting as _kvring_v1_Waiting, Waiting__Output as _kvring_v1_Waiting__Output } from './kvring/v1/Waiting.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kvring: {
    v1: {
      Adaptation: MessageTypeDefinition<_kvring_v1_Adaptation, _kvring_v1_Adaptation__Output>
      Begin: MessageTypeDefinition<_kvring_v1_Begin, _kvring_v1_Begin__Output>
      Begun: MessageTypeDefinition<_kvring_v1_Begun, _kvring_v1_Begun__Output>
      CacheNode: SubtypeConstructor<typeof grpc.Client, _kvring_v1_CacheNodeClient> & { service: _kvring_v1_CacheNodeDefinition }
      Cancel: MessageTypeDefinition<_kvring_v1_Cancel, _kvring_v1_Cancel__Output>
      Chunk: MessageTypeDefinition<_kvring_v1_Chunk, _kvring_v1_Chunk__Output>
      Config: MessageTypeDefinition<_kvring_v1_Config, _kvring_v1_Config__Output>
      CurvePoint: MessageTypeDefinition<_kvring_v1_CurvePoint, _kvring_v1_CurvePoint__Output>
      DirectAnswer: MessageTypeDefinition<_kvring_v1_DirectAnswer, _kvring_v1_DirectAnswer__Output>
      DirectBegin: MessageTypeDefinition<_kvring_v1_DirectBegin, _kvring_v1_DirectBegin__Output>
      DirectFailure: MessageTypeDefinition<_kvring_v1_DirectFailure, _kvring_v1_DirectFailure__Output>
      DirectReply: MessageTypeDefinition<_kvring_v1_DirectReply, _kvring_v1_DirectReply__Output>
      DirectRequest: MessageTypeDefinition<_kvring_v1_DirectRequest, _kvring_v1_DirectRequest__Output>
      Done: MessageTypeDefinition<_kvring_v1_Done, _kvring_v1_Done__Output>
      DrainRequest: MessageTypeDefinition<_kvring_v1_DrainRequest, _kvring_v1_DrainRequest__Output>
      DrainResponse: MessageTypeDefinition<_kvring_v1_DrainResponse, _kvring_v1_DrainResponse__Output>
      Epoch: MessageTypeDefinition<_kvring_v1_Epoch, _kvring_v1_Epoch__Output>
      ExchangeRequest: MessageTypeDefinition<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeRequest__Output>
      ExchangeResponse: MessageTypeDefinition<_kvring_v1_ExchangeResponse, _kvring_v1_ExchangeResponse__Output>
      Fail: MessageTypeDefinition<_kvring_v1_Fail, _kvring_v1_Fail__Output>
      Failed: MessageTypeDefinition<_kvring_v1_Failed, _kvring_v1_Failed__Output>
      Found: MessageTypeDefinition<_kvring_v1_Found, _kvring_v1_Found__Output>
      Granted: MessageTypeDefinition<_kvring_v1_Granted, _kvring_v1_Granted__Output>
      Hello: MessageTypeDefinition<_kvring_v1_Hello, _kvring_v1_Hello__Output>
      Invalidation: MessageTypeDefinition<_kvring_v1_Invalidation, _kvring_v1_Invalidation__Output>
      Keep: MessageTypeDefinition<_kvring_v1_Keep, _kvring_v1_Keep__Output>
      Lane: EnumTypeDefinition
      LogRecord: MessageTypeDefinition<_kvring_v1_LogRecord, _kvring_v1_LogRecord__Output>
      Lookup: MessageTypeDefinition<_kvring_v1_Lookup, _kvring_v1_Lookup__Output>
      MissJob: MessageTypeDefinition<_kvring_v1_MissJob, _kvring_v1_MissJob__Output>
      Missing: MessageTypeDefinition<_kvring_v1_Missing, _kvring_v1_Missing__Output>
      NodeStatsRequest: MessageTypeDefinition<_kvring_v1_NodeStatsRequest, _kvring_v1_NodeStatsRequest__Output>
      NodeStatsResponse: MessageTypeDefinition<_kvring_v1_NodeStatsResponse, _kvring_v1_NodeStatsResponse__Output>
      Operation: MessageTypeDefinition<_kvring_v1_Operation, _kvring_v1_Operation__Output>
      Owner: MessageTypeDefinition<_kvring_v1_Owner, _kvring_v1_Owner__Output>
      Position: MessageTypeDefinition<_kvring_v1_Position, _kvring_v1_Position__Output>
      Put: MessageTypeDefinition<_kvring_v1_Put, _kvring_v1_Put__Output>
      Refused: MessageTypeDefinition<_kvring_v1_Refused, _kvring_v1_Refused__Output>
      Release: MessageTypeDefinition<_kvring_v1_Release, _kvring_v1_Release__Output>
      Result: MessageTypeDefinition<_kvring_v1_Result, _kvring_v1_Result__Output>
      Stage: MessageTypeDefinition<_kvring_v1_Stage, _kvring_v1_Stage__Output>
      Waiting: MessageTypeDefinition<_kvring_v1_Waiting, _kvring_v1_Waiting__Output>
    }
  }
}

