/* <drawing-viewer>: shows the sheets of a drawing. The markup is written by templates/drawings/viewer.html; data-sheets
   holds [{name, url, extents, units, note, refused, tiles, layers: [{index, name, colour, on, objects}]}]. Each sheet is one
   SVG of this origin, put into the page so that layers, grounds and the browser's own text search work on it; a large one
   is coarse at first, and viewer_tiles.js brings the rest.
   What was chosen (layers, ground, open panel) is remembered per drawing in this browser. */

import { Camera } from "./viewer_camera.js";
import { LayerPanel } from "./viewer_layers.js";
import { Tiles } from "./viewer_tiles.js";
import { say } from "./notice.js";

const MM = { mm: 1, cm: 10, m: 1000, km: 1e6, in: 25.4, ft: 304.8, inch: 25.4, foot: 304.8 };
const MM_OF_PIXEL = 25.4 / 96;
const WIDE = matchMedia("(min-width: 48.01rem)");

/** When the page as it is now has been painted, or nobody looks at it. */
const painted = () =>
  new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(done));
    setTimeout(done, 500);
  });

/** Begin to fetch a sheet: `read` gives its SVG and how many characters it had, `end()` lets it go. It is asked for after `before`. */
function begun(url, before) {
  const stop = new AbortController();
  const read = async () => {
    await before;
    const answer = await fetch(url, { credentials: "same-origin", signal: stop.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (svg.localName !== "svg") throw new Error("not a drawing");
    for (const unwanted of svg.querySelectorAll("script, style, foreignObject, iframe")) unwanted.remove();
    return { svg, length: text.length };
  };
  return { read: read(), end: () => stop.abort() };
}

class DrawingViewer extends HTMLElement {
  #sheets = null;
  #current = 0;
  #camera;
  #layers;
  #tiles;
  #place = null; // {x, y, scale, units}: how SVG units become drawing units
  #loading = null; // {end(), read}: the sheet that is being fetched
  #memory = {};
  #pointer = null;
  #off = new AbortController();
  #spoken = 0;

  /** This may run while the page is still coming: what is inside is there when all of it is. */
  connectedCallback() {
    if (this.#sheets) return;
    this.#sheets = JSON.parse(this.dataset.sheets || "[]");
    if (document.readyState !== "loading") this.#begin();
    else document.addEventListener("readystatechange", () => this.#begin(), { once: true, signal: this.#off.signal });
  }

  #begin() {
    this.#memory = this.#recall();
    this.#camera = new Camera(this.#stage, { insets: () => this.#insets(), changed: () => this.#moved() });
    this.#layers = new LayerPanel(this.querySelector(".viewer-layers"), (change) => this.#layered(change));
    this.#tiles = new Tiles((group, length) => this.#joined(group, length));
    this.#listen(this.#off.signal);
    this.#ground(this.#memory.ground ?? (this.#dark() ? "dark" : "paper"));
    this.#panel(WIDE.matches && !this.hasAttribute("data-embedded") && (this.#memory.panel ?? true), { quiet: true });
    this.#open(Number(this.dataset.current) || 0);
  }

  disconnectedCallback() {
    this.#loading?.end();
    this.#tiles?.end();
    this.#off.abort();
  }

  get #stage() {
    return this.querySelector(".viewer-stage");
  }

  /** The first picture of a large sheet, which came with the page. */
  get #ahead() {
    return this.querySelector("svg.ahead");
  }

  #dark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  // ---- wiring ----

  #listen(signal) {
    this.addEventListener("click", (event) => this.#pressed(event), { signal });
    this.#stage.addEventListener("pointermove", (event) => {
      const box = this.#stage.getBoundingClientRect();
      this.#pointer = event.pointerType === "touch" ? null : { x: event.clientX - box.left, y: event.clientY - box.top };
      this.#status();
    }, { signal });
    this.#stage.addEventListener("pointerleave", () => {
      this.#pointer = null;
      this.#status();
    }, { signal });
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const here = event.target === this.#stage || (event.target === document.body && !this.hasAttribute("data-embedded"));
      if (here && this.#camera.key(event)) event.preventDefault();
      if (event.key === "Escape" && this.querySelector(".viewer-panel").contains(event.target)) this.#panel(false);
    }, { signal });
  }

  #pressed(event) {
    const button = event.target.closest("[data-act]");
    if (button && this.contains(button)) {
      const acts = {
        "zoom-in": () => this.#camera.zoom(1.6),
        "zoom-out": () => this.#camera.zoom(1 / 1.6),
        fit: () => this.#camera.fit(),
        left: () => this.#camera.pan(-160, 0),
        right: () => this.#camera.pan(160, 0),
        up: () => this.#camera.pan(0, -160),
        down: () => this.#camera.pan(0, 160),
        layers: () => this.#panel(this.querySelector(".viewer-panel").hidden),
        ground: () => this.#ground(button.dataset.ground, { told: true }),
        retry: () => this.#open(this.#current),
      };
      acts[button.dataset.act]?.();
      return;
    }
    const tab = event.target.closest("a[data-sheet]");
    if (tab && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      // The address then tells the sheet, to who comes back and to whom it is sent.
      if (!this.hasAttribute("data-embedded")) history.replaceState(history.state, "", tab.href);
      this.#open(Number(tab.dataset.sheet));
    }
  }

  #insets() {
    const panel = this.querySelector(".viewer-panel");
    const beside = WIDE.matches && !panel.hidden ? panel.offsetWidth + 16 : 0;
    if (WIDE.matches) return { top: 64, right: 24 + beside, bottom: 24, left: 24 };
    return { top: 12, right: 12, bottom: this.#stage.offsetHeight - this.querySelector(".viewer-bar").offsetTop + 4, left: 12 };
  }

  // ---- sheets ----

  async #open(index) {
    const sheet = this.#sheets[index];
    if (!sheet) return this.#state("error", "시트가 없습니다.");
    this.#current = index;
    for (const tab of this.querySelectorAll("a[data-sheet]")) {
      if (Number(tab.dataset.sheet) === index) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    this.#loading?.end();
    this.#loading = null;
    this.#clear();
    this.#layers.fill(sheet.layers ?? [], new Map(Object.entries(this.#memory.layers ?? {})));
    this.#note();
    if (sheet.refused) return this.#state("refused", sheet.refused);
    this.#state("loading");
    if (index !== Number(this.dataset.current)) this.#ahead?.remove();
    const loading = (this.#loading = begun(sheet.url, this.#ahead && painted()));
    try {
      const { svg, length } = await loading.read;
      if (loading === this.#loading) this.#put(svg, length, sheet);
    } catch (problem) {
      if (problem.name !== "AbortError") this.#state("error", navigator.onLine ? "" : "인터넷 연결을 확인해 주십시오.");
    }
    return undefined;
  }

  #clear() {
    this.#tiles.end();
    this.#stage.querySelector("svg.sheet")?.remove();
    this.#place = null;
    this.#status();
  }

  #put(svg, length, sheet) {
    const [x, y] = (svg.dataset.origin ?? "0 0").split(" ").map(Number);
    this.#place = { x, y, scale: Number(svg.dataset.scale) || 1, units: sheet.units ?? svg.dataset.units ?? "" };
    const drawn = document.adoptNode(svg);
    drawn.classList.add("sheet");
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("width", "100%");
    drawn.setAttribute("height", "100%");
    this.#ahead?.remove();
    this.#stage.prepend(drawn);
    this.#layers.attach(drawn);
    this.#tiles.begin(drawn, sheet.tiles ?? [], this.#place);
    this.#state("ready");
    this.#camera.show(drawn, length);
    this.dispatchEvent(new CustomEvent("viewer:ready", { bubbles: true, detail: { sheet: this.#current } }));
    say(`${sheet.name} 시트를 열었습니다.`);
  }

  #joined(group, length) {
    this.#layers.join(group);
    this.#camera.weigh(length);
  }

  #state(state, words) {
    this.dataset.state = state;
    if (state === "error" || state === "refused") this.#ahead?.remove();
    for (const one of this.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== state;
    const room = this.querySelector(`[data-when="${state}"] [data-words]`);
    if (room && words) room.textContent = words;
    if (state === "error" || state === "refused") say([...this.querySelectorAll(`[data-when="${state}"] :is(h2, p)`)].map((one) => one.textContent).join(" "));
    this.#stage.setAttribute("aria-busy", String(state === "loading"));
  }

  // ---- panels and grounds ----

  #panel(open, { quiet = false } = {}) {
    const panel = this.querySelector(".viewer-panel");
    const inside = panel.contains(document.activeElement);
    panel.hidden = !open;
    for (const button of this.querySelectorAll('[data-act="layers"][aria-expanded]')) {
      button.setAttribute("aria-expanded", String(open));
      if (inside && !open) button.focus();
    }
    if (quiet) return;
    if (open) panel.querySelector("input")?.focus({ preventScroll: true });
    if (this.#camera.fitted) this.#camera.fit();
    if (WIDE.matches) this.#remember({ panel: open });
  }

  #ground(ground, { told = false } = {}) {
    this.dataset.ground = ground;
    for (const button of this.querySelectorAll('[data-act="ground"]')) {
      button.setAttribute("aria-pressed", String(button.dataset.ground === ground));
      if (told && button.dataset.ground === ground) say(`${button.title} 바탕`);
    }
    if (told) this.#remember({ ground });
  }

  #layered({ chosen, words }) {
    this.#remember({ layers: Object.fromEntries(chosen) });
    this.#note();
    say(words);
  }

  /** What a person must know of the sheet; that it looks empty only because its layers are off is part of it. */
  #note() {
    const { note, refused } = this.#sheets[this.#current];
    const empty = !refused && this.#layers.blank ? this.#layers.storedOff : "";
    this.querySelector(".viewer-note").textContent = [note, empty].filter(Boolean).join(" · ");
  }

  // ---- the status line ----

  #moved() {
    this.#status();
    const { clientWidth, clientHeight } = this.#stage;
    const camera = this.#camera;
    this.#tiles.look(camera.point(0, 0), camera.point(clientWidth, clientHeight), camera.middle(), camera.scale);
  }

  #status() {
    const place = this.#place;
    const position = this.querySelector(".viewer-position");
    const scale = this.querySelector(".viewer-scale");
    if (!place) {
      position.textContent = scale.textContent = "";
      return;
    }
    const at = this.#pointer ? this.#camera.point(this.#pointer.x, this.#pointer.y) : this.#camera.middle();
    const perPixel = 1 / (this.#camera.scale * place.scale);
    const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(perPixel)) + (perPixel < 1 ? 0 : 1)));
    const written = (value) => value.toLocaleString("ko-KR", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    position.textContent = `X ${written(place.x + at.x / place.scale)}  Y ${written(place.y - at.y / place.scale)} ${place.units in MM ? place.units : ""}`;
    const ratio = (perPixel * (MM[place.units] ?? 0)) / MM_OF_PIXEL;
    scale.textContent = ratio ? (ratio >= 1 ? `1:${Number(ratio.toPrecision(3)).toLocaleString("ko-KR")}` : `${Number((1 / ratio).toPrecision(3)).toLocaleString("ko-KR")}:1`) : `${(this.#camera.scale * 100).toFixed(0)} %`;
    clearTimeout(this.#spoken);
    this.#spoken = setTimeout(() => this.#stage.setAttribute("aria-description", `축척 ${scale.textContent}`), 400);
  }

  // ---- memory ----

  #recall() {
    try {
      return JSON.parse(localStorage.getItem(`viewer:${this.dataset.remember}`)) ?? {};
    } catch {
      return {}; // storage forbidden or foreign content: begin afresh
    }
  }

  #remember(change) {
    this.#memory = { ...this.#memory, ...change };
    if (!this.dataset.remember) return;
    try {
      localStorage.setItem(`viewer:${this.dataset.remember}`, JSON.stringify(this.#memory));
    } catch {
      // the choice then lasts for this page only
    }
  }
}

customElements.define("drawing-viewer", DrawingViewer);
