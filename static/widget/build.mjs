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
  tools: "dialog/later.ts",
  "fitting-room": "fitting-room/main.ts",
  handover: "handover/main.ts",
  camera: "camera/main.ts",
  outcome: "dialog/outcome-main.ts",
  phone: "phone/main.ts",
};

/** Sentences of the dialog that the phone's page uses as well. */
const PHONE_SHARES =
  "choose goodPhoto yourPhoto noPreview reading offline failed problem again back " +
  "timer timerOff seconds shutter stopTimer turnCamera cameraView cameraDenied " +
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
      /\/(backend|dom|links|models|page|page-events|parts|product|random-id|resume-state|storage|strings)$/;
    onResolve({ filter: shared }, () => ({ path: "dialog", namespace: "dialog" }));
    onLoad({ filter: /./, namespace: "dialog" }, async () => {
      const source = await readFile(join(here, "src", "dialog", "exports.ts"), "utf8");
      const names = /exports = \{([^}]*)\}/.exec(source)[1];
      return { contents: `export const {${names}} = Genvoris.attach({}).exports;` };
    });
  },
};

/** Makes outcome.js import from tools.js what both need. */
const fromTools = {
  name: "from-tools",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/(backdrop|cost|earlier|reactions|same-picture)$/ }, () => ({
      path: "tools",
      namespace: "tools",
    }));
    onLoad({ filter: /./, namespace: "tools" }, () => {
      const names =
        "backdrop, balanceTexts, cost, dayOf, earlierRow, isMade, readReaction, spendingButton";
      return { contents: `export const {${names}} = Genvoris.attach({}).tools;` };
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

async function bundle(name, define = {}, plugins = []) {
  const outfile = join(outdir, `${name}.js`);
  await build({ ...optionsOf(name, plugins), outfile, define });
  return digest(await readFile(outfile));
}

function optionsOf(name, plugins) {
  return {
    entryPoints: [join(here, "src", ENTRIES[name])],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    plugins: [minifiedStyles, ...plugins],
  };
}

/** Return the sentences that a bundle's modules name. */
async function keysIn(name, plugins, keys) {
  const options = { ...optionsOf(name, plugins), write: false, metafile: true };
  const { metafile } = await build({ ...options, logLevel: "error" });
  const files = Object.keys(metafile.inputs).filter((file) => file.endsWith(".ts"));
  const sources = await Promise.all(files.map((file) => readFile(join(here, file), "utf8")));
  return keys.filter((key) => sources.some((source) => source.includes(`"${key}"`)));
}

/** Return the sentences of the first screen, of what follows a photo, and of an outcome alone. */
async function splitKeys(keys) {
  const first = await keysIn("dialog", [fromWidget], keys);
  const after = [["tools"], ["fitting-room"], ["handover"], ["camera"], ["outcome", fromTools]];
  const named = await Promise.all(
    after.map(([name, ...plugins]) => keysIn(name, [fromDialog, ...plugins], keys)),
  );
  const rest = (used) => keys.filter((key) => !first.includes(key) && used(key));
  const isShared = (key) => named.slice(0, -1).some((others) => others.includes(key));
  const unused = keys.filter((key) => ![first, ...named].flat().includes(key));
  if (unused.length) throw new Error(`No bundle names ${unused.join(", ")}`);
  return { first, later: rest(isShared), outcome: rest((key) => !isShared(key)) };
}

/**
 * Write each language in three files: what the dialog opens with, what follows a photo, and what
 * follows a start.
 */
async function writeLocales() {
  const locales = readLocales();
  const keys = Object.keys(locales.en);
  const { first, later, outcome } = await splitKeys(keys);
  const files = {};
  for (const [language, locale] of Object.entries(locales)) {
    const last = scriptOf(`outcome-${language}`, locale, outcome);
    await writeFile(join(outdir, `outcome-${language}.js`), last);
    const rest = scriptOf(`later-${language}`, locale, later, digest(last));
    await writeFile(join(outdir, `later-${language}.js`), rest);
    // The first file has the second one's digest, so that widget.js needs no list of them.
    const script = scriptOf(`locale-${language}`, locale, first, digest(rest));
    await writeFile(join(outdir, `locale-${language}.js`), script);
    files[`locale-${language}`] = digest(script);
  }
  return { first, later, outcome, files };
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

/** Write all sentences for the backend, which checks the shop's own by them. */
async function writeTexts() {
  const texts = { dialog: readLocales(), phone: readLocales(join(here, "src/locales/phone/")) };
  await writeFile(join(outdir, "texts.json"), `${JSON.stringify(texts, null, 2)}\n`);
}

async function writeTypes() {
  const source = await readFile(join(here, "src", "widget", "public.ts"), "utf8");
  const { outputText } = ts.transpileDeclaration(source, { compilerOptions: { strict: true } });
  await writeFile(join(outdir, "widget.d.ts"), outputText);
}

const { first, later, outcome: last, files } = await writeLocales();
const keysOf = (keys) => JSON.stringify(keys.join(" "));
const phoneKeys = await writePhoneLocales();
await bundle("phone", { __KEYS__: keysOf(phoneKeys) });
const handover = await bundle("handover", {}, [fromDialog]);
const camera = await bundle("camera", {}, [fromDialog]);
const fittingRoom = await bundle("fitting-room", {}, [fromDialog]);
const outcome = await bundle("outcome", {}, [fromDialog, fromTools]);
const loadedByTools = {
  __LATER_KEYS__: keysOf(later),
  __OUTCOME_KEYS__: keysOf(last),
  __OUTCOME__: JSON.stringify(outcome),
  __FITTING_ROOM__: JSON.stringify(fittingRoom),
  __HANDOVER__: JSON.stringify(handover),
  __CAMERA__: JSON.stringify(camera),
};
const tools = await bundle("tools", loadedByTools, [fromDialog]);
const design = await bundle("design", {}, [fromWidget]);
const constants = { __KEYS__: keysOf(first), __TOOLS__: JSON.stringify(tools) };
const dialog = await bundle("dialog", constants, [fromWidget]);
await bundle("widget", { __FILES__: JSON.stringify({ ...files, design, dialog }) });
await writeTexts();
await writeTypes();
