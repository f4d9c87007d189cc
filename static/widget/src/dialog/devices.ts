// How a photo can be taken on this device.

/** Whether to offer the camera: desktops would only open the file chooser again. */
export function hasCamera(): boolean {
  return matchMedia("(pointer:coarse)").matches;
}

/** Whether to offer the shopper's phone: this device has no camera that a page could open. */
export function hasPhone({ phoneHandover }: { phoneHandover: boolean }): boolean {
  return phoneHandover && matchMedia("(pointer:fine) and (min-width:641px)").matches;
}
