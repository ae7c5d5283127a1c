// Write each asset of the folder in the first argument again, compressed by gzip, Brotli and Zstandard.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import * as zlib from "node:zlib";

const PACKABLE = new Set([".js", ".css", ".svg", ".ttf", ".json", ".map"]);
const LEAST_BYTES = 1_000;
const { constants } = zlib;
const CODINGS = {
  br: (content) => zlib.brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gz: (content) => zlib.gzipSync(content, { level: 9 }),
  zst: (content) => zlib.zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 12 } }),
};

const folder = process.argv[2];
for (const name of readdirSync(folder)) {
  const content = PACKABLE.has(extname(name)) ? readFileSync(join(folder, name)) : Buffer.alloc(0);
  if (content.length < LEAST_BYTES) continue;
  for (const [ending, pack] of Object.entries(CODINGS)) {
    const packed = pack(content);
    if (packed.length < content.length) writeFileSync(join(folder, `${name}.${ending}`), packed);
  }
}
