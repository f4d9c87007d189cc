// Builds the languages, the dialog's stages, then widget.js, which knows their hashes and integrity.
// node build.mjs [--outdir DIR]

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import ts from "typescript";
import { readLocales, scriptOf } from "./locales.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const flag = process.argv.indexOf("--outdir");
const outdir = flag > 0 ? process.argv[flag + 1] : here;

const ENTRIES = {
  widget: "widget/main.ts",
  design: "theme/design.ts",
  dialog: "dialog/main.ts",
  tools: "dialog/tools.ts",
};

/** Gives what a page must know of a file to load it: its digest, which is in its name too. */
function describe(body) {
  return createHash("sha256").update(body).digest("base64");
}

/** Lets the third stage take the second's modules from it, instead of having them once more. */
const fromDialog = {
  name: "from-dialog",
  setup({ onResolve, onLoad }) {
    const shared =
      /\/(backend|dom|models|page|page-events|parts|product|random-id|storage|strings)$/;
    onResolve({ filter: shared }, () => ({ path: "dialog", namespace: "dialog" }));
    onLoad({ filter: /./, namespace: "dialog" }, async () => {
      const source = await readFile(join(here, "src", "dialog", "exports.ts"), "utf8");
      const names = /exports = \{([^}]*)\}/.exec(source)[1];
      return { contents: `export const {${names}} = Genvoris.attach({}).exports;` };
    });
  },
};

/** Lets the second stage, and the design, take what the first one knows of the page from it. */
const fromFirst = {
  name: "from-first",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/page$/ }, () => ({ path: "page", namespace: "first" }));
    onLoad({ filter: /./, namespace: "first" }, () => ({
      contents: "export const { doc, globalOf } = Genvoris.attach({}).page;",
    }));
  },
};

/** Shortens the style sheets, which are texts to the bundler. */
const shortStyles = {
  name: "short-styles",
  setup({ onLoad }) {
    onLoad({ filter: /\/styles[^/]*\.ts$/ }, async ({ path }) => {
      const [, css] = /`([^`]*)`/.exec(await readFile(path, "utf8"));
      const { code } = await transform(css, { loader: "css", minify: true });
      return { contents: `export const css = ${JSON.stringify(code.trim())};` };
    });
  },
};

async function bundle(name, target, define = {}, plugins = []) {
  const outfile = join(outdir, `${name}.js`);
  await build({
    entryPoints: [join(here, "src", ENTRIES[name])],
    outfile,
    bundle: true,
    minify: true,
    format: "iife",
    target,
    charset: "utf8",
    legalComments: "none",
    define,
    plugins: [shortStyles, ...plugins],
  });
  return describe(await readFile(outfile));
}

async function writeLocales() {
  const locales = readLocales();
  const keys = Object.keys(locales.en);
  const files = {};
  for (const [language, locale] of Object.entries(locales)) {
    const script = scriptOf(language, locale, keys);
    await writeFile(join(outdir, `locale-${language}.js`), script);
    files[`locale-${language}`] = describe(script);
  }
  return { keys, files };
}

async function writeTypes() {
  const source = await readFile(join(here, "src", "widget", "public.ts"), "utf8");
  const { outputText } = ts.transpileDeclaration(source, { compilerOptions: { strict: true } });
  await writeFile(join(outdir, "widget.d.ts"), outputText);
}

const { keys, files } = await writeLocales();
const tools = await bundle("tools", "es2022", {}, [fromDialog]);
const design = await bundle("design", "es2022", {}, [fromFirst]);
const known = { __KEYS__: JSON.stringify(keys.join(" ")), __TOOLS__: JSON.stringify(tools) };
const dialog = await bundle("dialog", "es2022", known, [fromFirst]);
await bundle("widget", "es2022", { __FILES__: JSON.stringify({ ...files, design, dialog }) });
await writeTypes();
