// The page's own document and globals, whatever users' content calls its elements: `<img name=body>`
// would stand for `document.body`, and `<form id=Genvoris>` for `window.Genvoris`.

/** `document`, with none of its members replaced by an element of that name. */
export const doc = new Proxy(Object.freeze({}) as Document, {
  get(_, name) {
    const value = Reflect.get(Document.prototype, name, document);
    return typeof value === "function" ? value.bind(document) : value;
  },
});

/** Returns a global that a script has set; an element of that id or name is none. */
export function globalOf(name: string): unknown {
  return Object.hasOwn(window, name) ? window[name as never] : undefined;
}

/** What the other files are given of this one (see build.mjs). */
export const page = { doc, globalOf };
