// Builds the languages and bundles, and last widget.js, which contains the others' hashes.
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
  phone: "phone/main.ts",
};

/** Sentences of the dialog that the phone's page uses as well. */
const PHONE_SHARES =
  "choose goodPhoto yourPhoto noPreview reading offline failed problem again " +
  "notAPhoto brokenPhoto smallPhoto widePhoto largePhoto heicPhoto";

/** Return a file's digest, for its integrity and its hashed name. */
function digest(body) {
  return createHash("sha256").update(body).digest("base64");
}

/** Makes tools.js import from dialog.js what both need, instead of containing it again. */
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

/** Makes dialog.js and design.js import from widget.js what they need of the page. */
const fromWidget = {
  name: "from-widget",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/page$/ }, () => ({ path: "page", namespace: "widget" }));
    onLoad({ filter: /./, namespace: "widget" }, () => ({
      contents: "export const { doc, globalOf } = Genvoris.attach({}).page;",
    }));
  },
};

/** Minifies the style sheets, which are strings to the bundler. */
const minifiedStyles = {
  name: "minified-styles",
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
    plugins: [minifiedStyles, ...plugins],
  });
  return digest(await readFile(outfile));
}

async function writeLocales() {
  const locales = readLocales();
  const keys = Object.keys(locales.en);
  const files = {};
  for (const [language, locale] of Object.entries(locales)) {
    const script = scriptOf(language, locale, keys);
    await writeFile(join(outdir, `locale-${language}.js`), script);
    files[`locale-${language}`] = digest(script);
  }
  return { keys, files };
}

/** Write the sentences of the phone's page, and return their keys. */
async function writePhoneLocales() {
  const shared = PHONE_SHARES.split(" ");
  const own = readLocales(join(here, "src/locales/phone/"));
  for (const [language, locale] of Object.entries(readLocales())) {
    const texts = [
      ...shared.map((key) => locale[key]),
      ...Object.keys(own.en).map((key) => own[language][key]),
    ];
    const script = `window.genvorisPhone=${JSON.stringify(texts)};\n`;
    await writeFile(join(outdir, `phone-${language}.js`), script);
  }
  return [...shared, ...Object.keys(own.en)];
}

async function writeTypes() {
  const source = await readFile(join(here, "src", "widget", "public.ts"), "utf8");
  const { outputText } = ts.transpileDeclaration(source, { compilerOptions: { strict: true } });
  await writeFile(join(outdir, "widget.d.ts"), outputText);
}

const { keys, files } = await writeLocales();
const phoneKeys = await writePhoneLocales();
await bundle("phone", "es2022", { __KEYS__: JSON.stringify(phoneKeys.join(" ")) });
const tools = await bundle("tools", "es2022", {}, [fromDialog]);
const design = await bundle("design", "es2022", {}, [fromWidget]);
const constants = { __KEYS__: JSON.stringify(keys.join(" ")), __TOOLS__: JSON.stringify(tools) };
const dialog = await bundle("dialog", "es2022", constants, [fromWidget]);
await bundle("widget", "es2022", { __FILES__: JSON.stringify({ ...files, design, dialog }) });
await writeTypes();
