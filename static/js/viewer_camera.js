/* The camera over one sheet: what part of the SVG the stage shows, and the gestures that change it (wheel about the
   pointer, drag, pinch, double press, arrow keys). A light sheet is redrawn crisp on every frame; a heavy one is moved by
   a CSS transform while the gesture lasts, and its viewBox is set when it ends or when the picture no longer covers the
   stage (a repaint of 100,000 objects costs more than a frame, moving their picture does not). The picture is as large as
   the stage: one that reaches beyond, Chromium paints to 3000 pixels around, three seconds for each step of a zoom. */

const LIGHT = 250_000; // characters of SVG that Chromium repaints well within a frame without a GPU
const CLOSEST = 200; // CSS pixels per SVG unit: the sheet's own grid is 0.01 unit, closer shows only rounding
const SETTLE = { least: 140, most: 1000 }; // ms after the last wheel step until a heavy sheet is redrawn: its own cost
const BARE = 200; // CSS pixels a heavy sheet is dragged until what its edge brings in is drawn
const SHRUNK = 0.6; // and how small its picture becomes until what lies around is drawn
const GLIDE = 120; // ms a button's step takes, to show where it came from

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Camera {
  #stage;
  #svg = null;
  #page = { x: 0, y: 0, width: 1, height: 1 };
  #view = { x: 0, y: 0, k: 1 }; // the SVG point at the stage's corner, and pixels per SVG unit
  #drawn = { x: 0, y: 0, k: 1 }; // what the viewBox shows now
  #size = { width: 1, height: 1 };
  #length = 0; // characters of the SVG's text
  #heavy = false;
  #fitted = true;
  #frame = 0;
  #settle = 0;
  #cost = 0; // ms the last redrawing of a heavy sheet held the frames up
  #glide = 0;
  #pointers = new Map();
  #held = null;
  #insets;
  #changed;

  /** `insets()` gives what covers the stage's edges in pixels; `changed(camera)` hears of every new view. */
  constructor(stage, { insets, changed }) {
    this.#stage = stage;
    this.#insets = insets;
    this.#changed = changed;
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) stage.addEventListener(name, (event) => this.#up(event));
    stage.addEventListener("dblclick", (event) => this.zoom(event.shiftKey ? 0.5 : 2, this.#at(event)));
    stage.addEventListener("contextmenu", (event) => this.#pointers.size && event.preventDefault());
    new ResizeObserver(() => this.#resized()).observe(stage);
  }

  get scale() {
    return this.#view.k;
  }

  /** Whether the whole sheet is in view as fit() leaves it. */
  get fitted() {
    return this.#fitted;
  }

  /** Show `svg`, whose text had `length` characters, whole. */
  show(svg, length) {
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.#svg = svg;
    this.#page = { x, y, width: width || 1, height: height || 1 };
    this.#length = 0;
    this.weigh(length);
    this.#measure();
    this.fit({ now: true });
  }

  /** Hear that `length` characters were added to the sheet. */
  weigh(length) {
    this.#length += length;
    this.#heavy = this.#length > LIGHT;
    // A heavy sheet keeps its own layer: promoting it at every gesture would paint it twice.
    this.#svg.classList.toggle("heavy", this.#heavy);
  }

  /** The SVG point under a point of the stage (CSS pixels from its corner). */
  point(px, py) {
    return { x: this.#view.x + px / this.#view.k, y: this.#view.y + py / this.#view.k };
  }

  /** The SVG point in the middle of what is not covered. */
  middle() {
    const { x, y } = this.#centre();
    return this.point(x, y);
  }

  fit({ now = false } = {}) {
    if (!this.#svg) return;
    const room = this.#room();
    const k = this.#fitScale();
    const view = {
      k,
      x: this.#page.x + this.#page.width / 2 - (room.x + room.width / 2) / k,
      y: this.#page.y + this.#page.height / 2 - (room.y + room.height / 2) / k,
    };
    this.#go(view, now);
    this.#fitted = true;
  }

  /** Zoom by `factor` about a point of the stage (its middle by default). */
  zoom(factor, at = this.#centre(), { now = false } = {}) {
    if (!this.#svg) return;
    const from = this.#glide ? this.#goal : this.#view;
    const k = this.#bounded(from.k * factor);
    const view = { k, x: from.x + at.x / from.k - at.x / k, y: from.y + at.y / from.k - at.y / k };
    this.#fitted = false;
    this.#go(view, now);
  }

  /** Move what is seen by pixels: positive x brings in what lies to the right. */
  pan(dx, dy, { now = false } = {}) {
    if (!this.#svg) return;
    const from = this.#glide ? this.#goal : this.#view;
    this.#fitted = false;
    this.#go({ k: from.k, x: from.x + dx / from.k, y: from.y + dy / from.k }, now);
  }

  /** True when the key was one of the camera's. */
  key(event) {
    const step = event.shiftKey ? 240 : 80;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) this.pan(...moves[event.key]);
    else if (event.key === "PageUp") this.zoom(2);
    else if (event.key === "PageDown") this.zoom(0.5);
    else if (event.key === "Home") this.fit();
    else return false;
    return true;
  }

  // ---- the view ----

  #goal = null;

  #go(view, now) {
    cancelAnimationFrame(this.#glide);
    this.#glide = 0;
    view = this.#kept(view);
    if (now || calm.matches) {
      this.#view = view;
      this.#draw({ settled: true });
      return;
    }
    const from = { ...this.#view };
    const start = performance.now();
    this.#goal = view;
    const step = (time) => {
      const t = Math.min(1, Math.max(0, (time - start) / GLIDE));
      const eased = 1 - (1 - t) ** 3;
      const mix = (a, b) => a + (b - a) * eased;
      this.#view = t === 1 ? view : { x: mix(from.x, view.x), y: mix(from.y, view.y), k: 1 / mix(1 / from.k, 1 / view.k) };
      this.#glide = t === 1 ? 0 : requestAnimationFrame(step);
      this.#draw({ settled: t === 1 });
    };
    this.#glide = requestAnimationFrame(step);
  }

  /** At least a corner of the sheet stays in view. */
  #kept(view) {
    const { width, height } = this.#size;
    const edge = 48 / view.k;
    const page = this.#page;
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    return {
      k: view.k,
      x: clamp(view.x, page.x - width / view.k + edge, page.x + page.width - edge),
      y: clamp(view.y, page.y - height / view.k + edge, page.y + page.height - edge),
    };
  }

  #bounded(k) {
    const fit = this.#fitScale();
    return Math.min(Math.max(k, fit * 0.25), Math.max(CLOSEST, fit * 4));
  }

  #fitScale() {
    const room = this.#room();
    return Math.max(Math.min(room.width / this.#page.width, room.height / this.#page.height), 1e-6);
  }

  #room() {
    const { top, right, bottom, left } = this.#insets();
    const width = this.#size.width - left - right;
    const height = this.#size.height - top - bottom;
    if (width < 120 || height < 120) return { x: 0, y: 0, width: this.#size.width, height: this.#size.height };
    return { x: left, y: top, width, height };
  }

  #centre() {
    const room = this.#room();
    return { x: room.x + room.width / 2, y: room.y + room.height / 2 };
  }

  #measure() {
    const box = this.#stage.getBoundingClientRect();
    this.#size = { width: Math.max(box.width, 1), height: Math.max(box.height, 1) };
  }

  #resized() {
    const before = this.#centre();
    const old = { ...this.#size };
    this.#measure();
    if (!this.#svg || (old.width === this.#size.width && old.height === this.#size.height)) return;
    if (this.#fitted) {
      this.fit({ now: true });
      return;
    }
    const after = this.#centre();
    const { k } = this.#view;
    this.#go({ k, x: this.#view.x + (before.x - after.x) / k, y: this.#view.y + (before.y - after.y) / k }, true);
  }

  // ---- drawing it ----

  #later(settled = false) {
    this.#frame ||= requestAnimationFrame(() => this.#draw({ settled }));
  }

  #draw({ settled }) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#svg) return;
    if (settled || !this.#heavy || this.#worn()) this.#redraw();
    else {
      const ratio = this.#view.k / this.#drawn.k;
      const dx = (this.#drawn.x - this.#view.x) * this.#view.k;
      const dy = (this.#drawn.y - this.#view.y) * this.#view.k;
      this.#svg.style.transform = `translate(${dx}px, ${dy}px) scale(${ratio})`;
    }
    this.#changed(this);
  }

  /** Whether the picture of a heavy sheet was moved so far that too much of what is in view is not on it. */
  #worn() {
    const { x, y, k } = this.#view;
    const moved = Math.max(Math.abs(x - this.#drawn.x), Math.abs(y - this.#drawn.y)) * k;
    return k < this.#drawn.k * SHRUNK || (k === this.#drawn.k && moved > BARE);
  }

  #redraw() {
    const { x, y, k } = this.#view;
    this.#svg.setAttribute("viewBox", `${x} ${y} ${this.#size.width / k} ${this.#size.height / k}`);
    this.#svg.style.transform = "";
    this.#drawn = { ...this.#view };
    if (!this.#heavy) return;
    const start = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => (this.#cost = performance.now() - start)));
  }

  // ---- gestures ----

  #at(event) {
    const box = this.#stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #wheel(event) {
    if (!this.#svg || (this.#stage.dataset.wheel === "focused" && !event.ctrlKey && !this.#stage.contains(document.activeElement))) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 32 : event.deltaMode === 2 ? 400 : 1;
    const delta = Math.max(-240, Math.min(240, event.deltaY * lines));
    this.#jump(this.#zoomed(Math.exp(-delta * (event.ctrlKey ? 0.01 : 0.0022)), this.#at(event)));
    clearTimeout(this.#settle);
    if (!this.#heavy) return;
    // On a slow machine a redrawing delays the next wheel step; waiting as long as it costs keeps the two from chasing each other.
    const wait = Math.min(Math.max(this.#cost, SETTLE.least), SETTLE.most);
    this.#settle = setTimeout(() => this.#pointers.size || this.#draw({ settled: true }), wait);
  }

  #zoomed(factor, at, from = this.#view) {
    const k = this.#bounded(from.k * factor);
    return { k, x: from.x + at.x / from.k - at.x / k, y: from.y + at.y / from.k - at.y / k };
  }

  #jump(view) {
    cancelAnimationFrame(this.#glide);
    this.#glide = 0;
    this.#fitted = false;
    this.#view = this.#kept(view);
    this.#later();
  }

  #down(event) {
    if (!this.#svg || event.button > 1 || event.target.closest("button, a, input")) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll cursor
    clearTimeout(this.#settle);
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#at(event));
    this.#grip();
  }

  /** Hold on to where the fingers are now: the drawing stays under them until their number changes. */
  #grip() {
    const fingers = [...this.#pointers.values()].slice(0, 2);
    this.#held = fingers.length ? { fingers, view: { ...this.#view } } : null;
    this.#stage.classList.toggle("holding", fingers.length > 0);
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId) || !this.#held) return;
    this.#pointers.set(event.pointerId, this.#at(event));
    const [one, two] = [...this.#pointers.values()];
    const { fingers, view } = this.#held;
    if (!two || !fingers[1]) {
      this.#jump({ k: view.k, x: view.x - (one.x - fingers[0].x) / view.k, y: view.y - (one.y - fingers[0].y) / view.k });
      return;
    }
    const span = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) || 1;
    const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    const before = middle(...fingers);
    const now = middle(one, two);
    const zoomed = this.#zoomed(span(one, two) / span(...fingers), before, view);
    this.#jump({ k: zoomed.k, x: zoomed.x - (now.x - before.x) / zoomed.k, y: zoomed.y - (now.y - before.y) / zoomed.k });
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    this.#grip();
    if (this.#pointers.size === 0) this.#draw({ settled: true });
  }
}
