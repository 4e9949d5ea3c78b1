// Original file: proto/kvring/v1/node.proto


export interface NodeStatsRequest {
}

export interface NodeStatsRequest__Output {
}
