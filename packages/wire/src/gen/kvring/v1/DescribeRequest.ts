// Original file: proto/kvring/v1/cluster.proto


export interface DescribeRequest {
}

export interface DescribeRequest__Output {
}
