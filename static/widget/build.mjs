// Builds dialog.js, then widget.js, which knows the dialog's hash and integrity.
// node build.mjs [--outdir DIR]

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const flag = process.argv.indexOf("--outdir");
const outdir = flag > 0 ? process.argv[flag + 1] : here;
// The hashed name is the one under which the Flask extension serves the file for good.
const HASH_DIGITS = 12;

async function bundle(name, define = {}) {
  const outfile = join(outdir, `${name}.js`);
  await build({
    entryPoints: [join(here, "src", `${name}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
    define,
  });
  return readFile(outfile);
}

const dialog = await bundle("dialog");
const digest = createHash("sha256").update(dialog).digest("hex").slice(0, HASH_DIGITS);
const integrity = `sha384-${createHash("sha384").update(dialog).digest("base64")}`;
await bundle("widget", {
  __DIALOG_FILE__: JSON.stringify(`dialog-${digest}.js`),
  __DIALOG_INTEGRITY__: JSON.stringify(integrity),
});
