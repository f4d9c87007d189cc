import english from "../src/locales/en.json";
import { setLanguage } from "../src/locales/strings";

setLanguage("en", Object.values(english), {});
