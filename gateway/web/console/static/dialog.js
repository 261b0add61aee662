// What asks for a confirmation is a <details> without scripts; with them it opens as a dialog.
for (const details of document.querySelectorAll("details.confirm")) {
  const asked = details.querySelector(".asked");
  const isAsking = details.open;
  details.open = false;
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", asked.querySelector("h2, h3").id);
  while (asked.firstChild) dialog.append(asked.firstChild);
  details.after(dialog);
  details.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.close());
  }
  if (isAsking) dialog.showModal();
}

// A form is sent once, however often its button is pressed; one that brings a file (data-again) as often as wanted.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || "again" in form.dataset) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
