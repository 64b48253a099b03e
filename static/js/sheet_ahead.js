/* The drawing before the tools around it: fetches the first sheet while the page is still coming, and shows it whole where
   the camera will (the insets are those of viewer.js). Loaded in <head> without defer, above every stylesheet. viewer.js
   takes over what is here; whoever chose layers before waits for it, because they know which. */
(() => {
  const { url, remember } = document.currentScript.dataset;
  const stop = new AbortController();

  const fetched = async () => {
    const answer = await fetch(url, { credentials: "same-origin", signal: stop.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (svg.localName !== "svg") throw new Error("not a drawing");
    for (const unwanted of svg.querySelectorAll("script, style, foreignObject, iframe")) unwanted.remove();
    return { svg, length: text.length };
  };

  const recalled = () => {
    try {
      return JSON.parse(localStorage.getItem(`viewer:${remember}`)) ?? {};
    } catch {
      return {}; // storage forbidden or foreign content
    }
  };

  const dark = () => {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };

  const show = (svg) => {
    const viewer = document.querySelector("drawing-viewer");
    const { ground, layers, panel } = recalled();
    if (!viewer || viewer.dataset.state || Object.keys(layers ?? {}).length) return;
    viewer.dataset.ground = ground ?? (dark() ? "dark" : "paper");
    svg.classList.add("sheet", "ahead");
    svg.classList.toggle("beside", panel ?? true);
    viewer.querySelector(".viewer-stage").prepend(document.adoptNode(svg));
  };

  // The stage is there long before the page is whole, and seldom after the sheet.
  const placed = async () => {
    if (!document.querySelector(".viewer-stage")) await new Promise((done) => document.addEventListener("readystatechange", done, { once: true }));
  };

  const read = fetched();
  window.sheetAhead = { url, read, end: () => stop.abort() };
  read.then(({ svg }) => placed().then(() => show(svg)), () => {}); // what went wrong, viewer.js tells
})();
