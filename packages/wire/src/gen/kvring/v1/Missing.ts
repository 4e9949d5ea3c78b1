// Original file: proto/kvring/v1/node.proto


export interface Missing {
}

export interface Missing__Output {
}
