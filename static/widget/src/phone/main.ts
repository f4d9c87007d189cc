// Entry point of phone.js: the page that a shopper's phone opens by a QR code.

import { css as cameraCss } from "../camera/styles";
import { dispatchWithin } from "../dialog/dom";
import { setLanguage } from "../locales/strings";
import type { Text } from "../widget/public";
import { Link } from "./link";
import { PhonePage } from "./phone-page";
import { css } from "./styles";

declare global {
  interface Window {
    /** The page's sentences, from phone-<language>.js. */
    genvorisPhone?: Text[];
  }
}

const {
  apiUrl = "",
  maxUploadBytes,
  shopName = "",
  strings = "{}",
} = document.currentScript?.dataset ?? {};
const language = document.documentElement.lang;

setLanguage(language, window.genvorisPhone ?? [], JSON.parse(strings));
const sheet = new CSSStyleSheet();
sheet.replaceSync(cameraCss + css);
document.adoptedStyleSheets.push(sheet);
document.addEventListener("click", dispatchWithin);

const link = new Link(apiUrl, location.hash.slice(1), language);
const limits = { maxUploadBytes: Number(maxUploadBytes), heic: true };
void new PhonePage(link, shopName, limits).start();
