// Loads the dialog when it is likely to be wanted.

declare const __DIALOG_FILE__: string;
declare const __DIALOG_INTEGRITY__: string;

/** Adds the dialog's script to the page, under its hashed name, else under its plain one. */
export function loadDialog(folder: string, nonce: string): Promise<void> {
  return addScript(`${folder}/${__DIALOG_FILE__}`, nonce).catch(() =>
    addScript(`${folder}/dialog.js`, nonce),
  );
}

function addScript(src: string, nonce: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.integrity = __DIALOG_INTEGRITY__;
    script.crossOrigin = "anonymous";
    script.nonce = nonce;
    script.onload = () => resolve();
    script.onerror = () => {
      script.remove();
      reject(new Error(`Genvoris: ${src} could not be loaded.`));
    };
    document.head.append(script);
  });
}
