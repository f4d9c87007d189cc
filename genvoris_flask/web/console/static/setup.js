// The button "Preview" works without this: here, the preview follows what is typed.
const form = document.querySelector("form[data-live]");
const button = form?.querySelector("[data-preview]");
let waiting;
form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => form.requestSubmit(button), 400);
});
