// Access to the document and to globals that users' content cannot shadow: `<img name=body>` would
// replace `document.body`, and `<form id=Genvoris>` would replace `window.Genvoris`.

/** `document`, without members that are shadowed by an element of that name. */
export const doc = new Proxy(Object.freeze({}) as Document, {
  get(_, name) {
    const value = Reflect.get(Document.prototype, name, document);
    return typeof value === "function" ? value.bind(document) : value;
  },
});

/** Return a global that a script has set; elements with that id or name are ignored. */
export function globalOf(name: string): unknown {
  return Object.hasOwn(window, name) ? window[name as never] : undefined;
}

/** What the other bundles import from this one (see build.mjs). */
export const page = { doc, globalOf };
