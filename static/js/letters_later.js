/* The drawing before its surroundings: a browser that has not fetched the house's letters yet shows its own until the first
   drawing is on the screen. Loaded in <head> without defer, so that nothing asks for the letters before. */
(() => {
  const root = document.documentElement;
  const KEPT = "letters";
  const PATIENCE = 3000; // ms without a drawing
  try {
    if (localStorage.getItem(KEPT)) return;
  } catch {
    return; // storage forbidden: every visit would be the first one
  }
  const bring = () => {
    root.classList.remove("letters-later");
    localStorage.setItem(KEPT, "fetched");
  };
  root.classList.add("letters-later");
  addEventListener("viewer:ready", () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(bring))), { once: true });
  addEventListener("load", () => setTimeout(bring, PATIENCE));
})();
