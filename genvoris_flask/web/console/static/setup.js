// The button "Preview" works without this: here, the preview follows what is typed.
const form = document.querySelector("form[data-live]");
const button = form?.querySelector("[data-preview]");
let waiting;
form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => form.requestSubmit(button), 400);
});
// In the preview, the shop's page is scrolled to its button, which may be far below the picture.
function showButton(frame) {
  const page = frame.contentDocument; // null if something in front of the shop forbids the frame
  const trigger = page?.querySelector("[data-genvoris-trigger]");
  if (!trigger) return;
  const { top, height } = trigger.getBoundingClientRect();
  const middle = (frame.clientHeight - height) / 2;
  // Not scrollIntoView, which would scroll the console as well.
  page.defaultView.scrollBy({ top: top - middle, behavior: "instant" });
}
for (const frame of document.querySelectorAll("iframe[data-page]")) {
  frame.addEventListener("load", () => showButton(frame));
  showButton(frame);
}
