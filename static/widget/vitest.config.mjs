import { defineConfig } from "vitest/config";
import { readLocales } from "./locales.mjs";

// What the build tells the source.
export default defineConfig({
  define: { __KEYS__: JSON.stringify(Object.keys(readLocales().en).join(" ")), __FILES__: "{}" },
  test: { setupFiles: ["tests/setup.ts"] },
});
