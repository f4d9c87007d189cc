// The console works without this: it only keeps a form from being sent twice.
addEventListener("submit", event => {
  const form = event.target;
  const method = event.submitter?.getAttribute("formmethod") ?? form.method;
  if (event.defaultPrevented || method !== "post" || "download" in form.dataset) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
// A page that comes back from the back/forward cache may be sent again; its token is the same.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
// A page that waits for a check looks again.
if (document.querySelector("[data-reload]")) setTimeout(() => location.replace(location.pathname), 3000);
