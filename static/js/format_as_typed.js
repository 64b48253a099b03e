/* Numbers take their written form as they are typed: data-format="brn" (000-00-00000), "phone", "card", "number" (1,234).
   Only the look changes; the server accepts any form. The caret stays behind the same digit. */

const cut = (digits, ...sizes) => {
  const pieces = [];
  for (const size of sizes) {
    if (digits) pieces.push(digits.slice(0, size));
    digits = digits.slice(size);
  }
  return pieces.join("-");
};

function phone(digits) {
  if (digits.startsWith("02")) return digits.length > 9 ? cut(digits, 2, 4, 4) : cut(digits, 2, 3, 4);
  if (/^1[5689]/.test(digits)) return cut(digits, 4, 4);
  if (digits.startsWith("050")) return digits.length > 11 ? cut(digits, 4, 4, 4) : cut(digits, 4, 3, 4);
  return digits.length > 10 ? cut(digits, 3, 4, 4) : cut(digits, 3, 3, 4);
}

const FORMS = {
  brn: (digits) => cut(digits.slice(0, 10), 3, 2, 5),
  phone: (digits) => phone(digits.slice(0, 12)),
  card: (digits) => cut(digits.slice(0, 16), 4, 4, 4, 4),
  number: (digits) => digits.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ","),
};

function show(input) {
  const form = FORMS[input.dataset.format];
  if (!form || /[^\d\s().,+-]/.test(input.value) || input.value.startsWith("+")) return; // not a number: leave it to the server's sentence
  const caret = input.selectionStart ?? input.value.length;
  const before = input.value.slice(0, caret).replace(/\D/g, "").length;
  const written = form(input.value.replace(/\D/g, ""));
  if (written === input.value) return;
  input.value = written;
  if (document.activeElement !== input) return;
  let at = 0;
  for (let seen = 0; at < written.length && seen < before; at += 1) if (/\d/.test(written[at])) seen += 1;
  input.setSelectionRange?.(at, at);
}

document.addEventListener("input", (event) => {
  if (event.target.dataset?.format && !event.isComposing) show(event.target);
});
for (const input of document.querySelectorAll("input[data-format]")) show(input);
