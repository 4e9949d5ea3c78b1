// Original file: proto/kvring/v1/node.proto


export interface Waiting {
}

export interface Waiting__Output {
}
