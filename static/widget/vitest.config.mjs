import { defineConfig } from "vitest/config";
import { readLocales } from "./locales.mjs";

// Constants that the build defines.
export default defineConfig({
  define: { __KEYS__: JSON.stringify(Object.keys(readLocales().en).join(" ")), __FILES__: "{}" },
  test: { setupFiles: ["tests/setup.ts"] },
});
