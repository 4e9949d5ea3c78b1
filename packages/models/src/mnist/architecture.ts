import { digitSide } from "../digits.ts";
import type { ConvolutionShape } from "./convolution.ts";

/**
 * Twice convolution 3 × 3, rectifier, maximum of 2 × 2; then one dense layer:
 * 1×28×28 → 8×28×28 → 8×14×14 → 16×14×14 → 16×7×7 → 10.
 */
export const firstConvolution: ConvolutionShape = { inputs: 1, outputs: 8, side: digitSide };
export const secondConvolution: ConvolutionShape = { inputs: 8, outputs: 16, side: digitSide / 2 };
export const featureCount = secondConvolution.outputs * (digitSide / 4) ** 2;
export const classes = 10;
