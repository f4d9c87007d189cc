import english from "../src/locales/en.json";
import { speak } from "../src/strings";

speak("en", Object.values(english), {});
