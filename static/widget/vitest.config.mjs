import { defineConfig } from "vitest/config";
import { readLocales } from "./locales.mjs";

// Constants that the build defines.
export default defineConfig({
  define: { __KEYS__: JSON.stringify(Object.keys(readLocales().en).join(" ")), __FILES__: "{}" },
  test: {
    setupFiles: ["tests/setup.ts"],
    // What `make coverage` measures; the tests in browsers run the built files, which it does not.
    coverage: {
      include: ["src/**/*.ts"],
      exclude: ["src/**/main.ts", "src/widget/public.ts"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "../../.cache/coverage/widget",
      // They only rise: `make coverage` writes higher numbers here.
      thresholds: { lines: 26, branches: 90 },
    },
  },
});
