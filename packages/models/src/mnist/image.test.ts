import { expect, test } from "vitest";
import { draw } from "./image.ts";

const pixels = Uint8Array.from({ length: 784 }, (_, index) => 1 + (index % 255));

test("an image is the pixels over 255", () => {
  const image = new Float64Array(784);
  draw(image, pixels);
  expect(image).toEqual(Float64Array.from(pixels, (value) => value / 255));
});

test.each([
  [1, 0],
  [-1, 0],
  [0, 1],
  [1, -1],
])("a shift by (%i, %i) moves every pixel and blanks what enters", (dx, dy) => {
  const image = new Float64Array(784).fill(0.5);
  draw(image, pixels, dx, dy);
  const moved = Float64Array.from({ length: 784 }, (_, index) => {
    const [x, y] = [(index % 28) - dx, Math.floor(index / 28) - dy];
    return x < 0 || x > 27 || y < 0 || y > 27 ? 0 : (pixels[y * 28 + x] as number) / 255;
  });
  expect(image).toEqual(moved);
});
