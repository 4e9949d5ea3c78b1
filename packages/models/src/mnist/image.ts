import { digitSide } from "../digits.ts";

/**
 * Writes a digit as the network sees it: pixels / 255, moved right by `dx` and down by `dy` pixels.
 * What leaves the frame is lost, what enters it is blank.
 */
export function draw(image: Float64Array, pixels: Uint8Array, dx = 0, dy = 0): void {
  image.fill(0);
  for (let y = Math.max(0, dy); y < digitSide + Math.min(0, dy); y++) {
    for (let x = Math.max(0, dx); x < digitSide + Math.min(0, dx); x++) {
      image[y * digitSide + x] = (pixels[(y - dy) * digitSide + x - dx] as number) / 255;
    }
  }
}
