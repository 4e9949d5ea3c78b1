/**
 * Cross entropy of softmax(scores) against the true class, in nats. Writes its gradient with
 * respect to the scores.
 */
export function crossEntropy(
  scores: Float64Array,
  label: number,
  scoresGradient: Float64Array,
): number {
  // The largest score is taken off first: exp overflows beyond 709.
  const most = Math.max(...scores);
  let sum = 0;
  for (const [o, score] of scores.entries()) {
    scoresGradient[o] = Math.exp(score - most);
    sum += scoresGradient[o] as number;
  }
  for (let o = 0; o < scores.length; o++) {
    scoresGradient[o] = (scoresGradient[o] as number) / sum - (o === label ? 1 : 0);
  }
  return Math.log(sum) + most - (scores[label] as number);
}
