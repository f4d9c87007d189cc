// The element that holds the dialog: <genvoris-dialog>.

import { doc } from "../widget/page";

const NAME = "genvoris-dialog";

export interface Host extends HTMLElement {
  /** Called when the page has taken the element away. */
  removed?: (() => void) | undefined;
}

/** Makes the element; it tells when the page takes it away, as with a new body. */
export function makeHost(): Host {
  if (!customElements.get(NAME)) customElements.define(NAME, classOf());
  return doc.createElement(NAME);
}

function classOf(): CustomElementConstructor {
  return class extends HTMLElement {
    declare removed?: () => void;

    connectedCallback(): void {
      // A copy out of a page that a router had kept as HTML: there is nothing in it.
      if (!this.shadowRoot) this.remove();
    }

    disconnectedCallback(): void {
      if (!this.isConnected) this.removed?.();
    }
  };
}
