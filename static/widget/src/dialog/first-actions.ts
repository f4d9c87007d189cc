// What the buttons do on the screens that the dialog can open with.

import { t } from "../locales/strings";
import type { DialogContext } from "./context";
import type { PhotoPicker } from "./photo-picker";
import type { FirstActions } from "./screens/view";
import type { Session } from "./session";

/** Return the actions that need nothing that is loaded later. */
export function firstActions(
  context: DialogContext,
  session: Session,
  picker: PhotoPicker,
): FirstActions {
  const { store } = context;
  const use = (way: "showCamera" | "showPhonePanel") => async () => {
    try {
      const tools = await context.loadTools();
      const back = () => store.dispatch({ type: "backToPhoto" });
      const take = (photo: Blob) => void picker.take(photo);
      await tools[way](context, take, back, () => session.readStatus());
    } catch {
      store.dispatch({ type: "badPhoto", message: t("offline") });
    }
  };
  return {
    choose: () => picker.choose(),
    useCamera: use("showCamera"),
    usePhone: use("showPhonePanel"),
    takeSample: (src) => void picker.takeSample(src),
    retry: () => {
      store.dispatch({ type: "backToPhoto" });
      void session.readStatus();
    },
  };
}
