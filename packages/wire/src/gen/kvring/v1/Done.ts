// Original file: proto/kvring/v1/node.proto


/**
 * Put: whether it was kept. Keep, Fail, Release, Stage: whether the token was alive.
 */
export interface Done {
  'accepted'?: (boolean);
}

/**
 * Put: whether it was kept. Keep, Fail, Release, Stage: whether the token was alive.
 */
export interface Done__Output {
  'accepted': (boolean);
}
