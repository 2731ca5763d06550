/**
 * Charts as PNG, with letters of their own: a machine may have no fonts.
 *
 * @module
 */

import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const packaged = (path: string) => Deno.readFile(require.resolve(path));

let fonts: Promise<Uint8Array[]> | undefined;

async function start(): Promise<Uint8Array[]> {
  await initWasm(await packaged("@resvg/resvg-wasm/index_bg.wasm"));
  return await Promise.all(
    ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"]
      .map((name) => packaged(`dejavu-fonts-ttf/ttf/${name}`)),
  );
}

/**
 * A drawing as pixels, the same ones on every machine.
 *
 * @param svg The drawing.
 * @param scale Pixels for each of its units; 2 is sharp on most screens.
 */
export async function pngOf(
  svg: string,
  scale = 2,
): Promise<Uint8Array<ArrayBuffer>> {
  const fontBuffers = await (fonts ??= start());
  // resvg knows cells that keep their edges by the older word only.
  const drawing = svg.replaceAll(
    'image-rendering="pixelated"',
    'image-rendering="optimizeSpeed"',
  );
  const image = new Resvg(drawing, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  });
  return new Uint8Array(image.render().asPng());
}
