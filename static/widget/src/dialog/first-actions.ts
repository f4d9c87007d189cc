// What the buttons do on the screens that the dialog can open with.

import type { DialogContext } from "./context";
import type { PhotoPicker } from "./photo-picker";
import type { FirstActions } from "./screens/view";
import type { Session } from "./session";

/** Return the actions that need nothing that is loaded later. */
export function firstActions(
  { store }: DialogContext,
  session: Session,
  picker: PhotoPicker,
): FirstActions {
  return {
    choose: (camera) => picker.choose(camera),
    takeSample: (src) => void picker.takeSample(src),
    retry: () => {
      store.dispatch({ type: "backToPhoto" });
      void session.readStatus();
    },
  };
}
