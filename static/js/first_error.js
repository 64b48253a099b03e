/* A refused form takes the person to its first wrong field, on load and after a fragment was swapped in. */

function lead(room) {
  const summary = room.matches?.("[data-first-error]") ? room : room.querySelector?.("[data-first-error]");
  if (!summary) return;
  const form = summary.closest("form") ?? document;
  const wrong = form.querySelector('[aria-invalid="true"], fieldset.wrong input');
  if (!wrong) return;
  wrong.focus({ preventScroll: true });
  wrong.closest(".field")?.scrollIntoView({ block: "center" });
}

lead(document);
document.addEventListener("htmx:after:swap", (event) => lead(event.target instanceof Element ? event.target : document));
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".form-errors a[href^='#']");
  const room = link && document.getElementById(link.hash.slice(1));
  const field = room?.matches("fieldset") ? room.querySelector("input") : room;
  if (!field) return;
  event.preventDefault();
  field.focus();
});
