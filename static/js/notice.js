/* Notices: closed by their button; the plain ones leave by themselves, those with an undo or a warning stay longer or for
   good, and none leaves while it is pointed at or focused. `say()` tells screen readers something without showing it. */

const STAY = { green: 6000, undo: 15000 };

function tend(notice) {
  if (notice.dataset.tended) return;
  notice.dataset.tended = "yes";
  if (!notice.classList.contains("green")) return; // warnings and errors wait for the person
  const life = notice.querySelector("form") ? STAY.undo : STAY.green;
  let timer = setTimeout(() => notice.remove(), life);
  const hold = () => clearTimeout(timer);
  const release = () => {
    hold();
    timer = setTimeout(() => notice.remove(), life);
  };
  notice.addEventListener("pointerenter", hold);
  notice.addEventListener("pointerleave", release);
  notice.addEventListener("focusin", hold);
  notice.addEventListener("focusout", release);
}

/** Tell screen readers `words`, politely. */
export function say(words) {
  const room = document.getElementById("said");
  if (room) room.textContent = words;
}

function watch() {
  const room = document.getElementById("notices");
  if (!room) return;
  for (const notice of room.querySelectorAll("[data-notice]")) tend(notice);
  new MutationObserver(() => {
    for (const notice of room.querySelectorAll("[data-notice]")) tend(notice);
  }).observe(room, { childList: true });
}

// Whoever imports this may run before the page is whole.
if (document.readyState === "loading") document.addEventListener("readystatechange", watch, { once: true });
else watch();
document.addEventListener("click", (event) => event.target.closest?.("[data-notice-close]")?.closest("[data-notice]")?.remove());
