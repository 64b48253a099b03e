/* Shortcuts: an element with data-key="a" (and data-key-name="승인") is pressed by that key, never while someone types;
   `?` lists the keys of the page. Also closes <details data-closes> by Escape and by a press outside, and opens dialogs
   where the browser does not know command/commandfor yet. */

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]):not([type=file]), textarea, select, [contenteditable=true]";

const pressed = (event) => {
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Control+" : "") + plain;
};

// htmx takes the page in by a task of its own, begun before this file: a key that is faster would follow a bare link.
const ready = new Promise((done) => setTimeout(done));

const shown = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;

/** The element that `key` presses now: inside an open modal dialog only the dialog's own. */
function target(key) {
  const room = document.querySelector("dialog:modal") ?? document;
  return [...room.querySelectorAll("[data-key]")].find(
    (element) => (element.dataset.key === key || element.dataset.keyAlso === key) && shown(element) && !element.disabled,
  );
}

function press(element) {
  if (element.matches("input, textarea, select")) {
    element.focus();
    element.select?.();
    return;
  }
  element.click();
  // What a key opens is written in next: letters typed into nothing would be taken for keys, `a` for an approval.
  if (element.matches("summary") && element.parentElement.open) {
    (element.parentElement.querySelector("form :is(textarea, input:not([type=hidden]), select)") ?? element).focus();
  }
}

/** Fill and open the list of keys. Every key is named by the element that carries it. */
export function list() {
  const dialog = document.getElementById("keys");
  const rows = dialog?.querySelector("dl");
  if (!rows) return;
  const keys = new Map([["?", "이 목록"]]);
  for (const element of document.querySelectorAll("[data-key]")) {
    if (!shown(element)) continue;
    const also = element.dataset.keyAlso;
    keys.set([element.dataset.key, also].filter(Boolean).join(" "), element.dataset.keyName ?? element.getAttribute("aria-label") ?? element.textContent.trim());
  }
  for (const element of document.querySelectorAll("[data-keys-listed]")) {
    if (!shown(element)) continue;
    for (const pair of element.dataset.keysListed.split(";")) keys.set(...pair.split("=").map((piece) => piece.trim()));
  }
  rows.replaceChildren(
    ...[...keys].map(([key, name]) => {
      const row = document.createElement("div");
      const word = row.appendChild(document.createElement("dt"));
      const mark = row.appendChild(document.createElement("dd"));
      word.textContent = name;
      for (const piece of key.split(" ")) {
        mark.appendChild(document.createElement("kbd")).textContent = piece.replace("Control+", "Ctrl ").replace(/ (\w)$/, (all) => all.toUpperCase());
        mark.append(" ");
      }
      return row;
    }),
  );
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll("details[data-closes][open]")) {
      open.open = false;
      open.querySelector("summary").focus();
    }
    return;
  }
  const key = pressed(event);
  if (!key.startsWith("Control+") && event.target.closest?.(TYPING)) return;
  if (key === "?") {
    event.preventDefault();
    list();
    return;
  }
  const element = target(key);
  if (!element) return;
  event.preventDefault();
  ready.then(() => press(element));
});

// A swap may take away what had the focus, or what a key pressed: then it goes on from what came instead.
document.addEventListener("htmx:after:swap", () => {
  if (document.activeElement && document.activeElement !== document.body) return;
  document.querySelector("[data-lands]")?.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[data-closes][open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
  if (event.target.closest?.("[data-keys-open]")) list();
  const invoker = event.target.closest?.("[commandfor]");
  if (invoker && !("commandForElement" in invoker)) {
    const dialog = document.getElementById(invoker.getAttribute("commandfor"));
    if (invoker.getAttribute("command") === "show-modal") dialog?.showModal();
    else dialog?.close();
  }
  if (event.target.matches?.("dialog.dialog, dialog.drawer")) event.target.close(); // a press on the backdrop
});
