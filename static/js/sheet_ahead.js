/* The first picture of a large sheet, which the page holds itself: on the ground that was chosen here, and beside the panel
   that is about to open. Right below the picture and without defer, so that it is shown as viewer.js will show the sheet.
   Whoever chose layers waits for that, because this picture has them all. */
(() => {
  const viewer = document.currentScript.closest("drawing-viewer");
  const picture = viewer.querySelector("svg.ahead");

  const recalled = () => {
    try {
      return JSON.parse(localStorage.getItem(`viewer:${viewer.dataset.remember}`)) ?? {};
    } catch {
      return {}; // storage forbidden or foreign content
    }
  };

  const dark = () => {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };

  const { ground, layers, panel } = recalled();
  viewer.dataset.ground = ground ?? (dark() ? "dark" : "paper");
  picture.classList.toggle("beside", panel ?? true);
  if (Object.keys(layers ?? {}).length) picture.remove();
})();
