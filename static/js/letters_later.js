/* The drawing before its surroundings: the house's letters come when there is something to see. A browser that has fetched
   them before takes them out of its cache after the page's first frame, one that has not fetches them after the first drawing.
   Until then it shows its own. Loaded in <head> without defer, so that nothing asks for the letters before. */
(() => {
  const root = document.documentElement;
  const KEPT = "letters";
  const PATIENCE = 3000; // ms without a drawing
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    return; // storage forbidden: every visit would be the first one
  }
  const bring = () => {
    root.classList.remove("letters-later");
    localStorage.setItem(KEPT, "fetched");
  };
  const whenShown = () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(bring)));
  root.classList.add("letters-later");
  addEventListener(kept ? "DOMContentLoaded" : "viewer:ready", whenShown, { once: true });
  addEventListener("load", () => setTimeout(bring, PATIENCE));
})();
