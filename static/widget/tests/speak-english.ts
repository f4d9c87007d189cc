import english from "../src/locales/en.json";
import { speak } from "../src/locales/strings";

speak("en", Object.values(english), {});
