/* The tiles of a large sheet: its first picture is coarse, and each tile brings what lies in its part as it is in the file.
   Those in view come first, the nearest to the middle before the others; one that left the view before it came is let go.
   Nothing is put in while the view moves: a repaint of the sheet then would be felt in the hand. What is far from the view
   is not displayed: zoomed in, moving 100,000 objects took a second and a half a frame with all of them, 40 ms with those near. */

import { Letters } from "./viewer_letters.js";

const AT_ONCE = 4;
const QUIET = 120; // ms without a new view until tiles are asked for: a drag past them asks for none
const MARGIN = 0.25; // of the view, on each side
const PATIENCE = 2000; // ms the whole sheet waits at most for the browser to have nothing else to do

const whenIdle = (act) => (window.requestIdleCallback ? requestIdleCallback(act, { timeout: PATIENCE }) : setTimeout(act, QUIET));
// A frame begins when the one before the last is on the screen.
const whenShown = (act, frames = 3) => requestAnimationFrame(() => (frames > 1 ? whenShown(act, frames - 1) : act()));
const neverMind = (wait) => (window.cancelIdleCallback ? cancelIdleCallback(wait) : clearTimeout(wait));

export class Tiles {
  #all = []; // every tile of the sheet
  #waiting = new Map(); // number -> {number, url, group, far, failed, box in SVG units}
  #coming = new Map(); // number -> AbortController
  #held = []; // what came while the view moved
  #view = null;
  #timer = 0;
  #idle = 0;
  #letters = new Letters();
  #arrived;

  /** `arrived(group, length)` hears of every group that was put in, whose text had `length` characters. */
  constructor(arrived) {
    this.#arrived = arrived;
  }

  /** Begin with `svg`, whose tiles are [{number, url, box: [x0, y0, x1, y1] in drawing units}]; `place` maps units. */
  begin(svg, tiles, place) {
    this.end();
    this.#letters.begin();
    for (const { number, url, box } of tiles) {
      const [left, right] = [box[0], box[2]].map((x) => (x - place.x) * place.scale);
      const [bottom, top] = [box[1], box[3]].map((y) => (place.y - y) * place.scale);
      const group = svg.querySelector(`g[data-tile="${number}"]`);
      if (group) this.#waiting.set(number, { number, url, group, far: false, failed: false, left, right, top, bottom });
    }
    this.#all = [...this.#waiting.values()];
  }

  end() {
    this.#rest();
    for (const loading of this.#coming.values()) loading.abort();
    this.#coming.clear();
    this.#waiting.clear();
    this.#all = [];
    this.#held = [];
    this.#view = null;
  }

  /** Hear of a new view: the SVG points at its corners and in the middle of what no panel covers, and pixels to an SVG unit. */
  look(from, to, middle, scale) {
    if (!this.#all.length) return;
    const [wide, high] = [(to.x - from.x) * MARGIN, (to.y - from.y) * MARGIN];
    this.#view = { left: from.x - wide, right: to.x + wide, top: from.y - high, bottom: to.y + high, middle, scale };
    this.#letters.look(scale, { moving: true });
    for (const tile of this.#all) this.#display(tile);
    this.#rest();
    this.#timer = setTimeout(() => this.#stand(), QUIET);
  }

  #rest() {
    clearTimeout(this.#timer);
    neverMind(this.#idle);
    this.#timer = this.#idle = 0;
  }

  /** The view stands still. */
  #stand() {
    this.#timer = 0;
    this.#letters.look(this.#view.scale, { moving: false });
    for (const [tile, text, loading] of this.#held.splice(0)) this.#take(tile, text, loading);
    for (const tile of this.#all) tile.failed = false; // a new view, a new try
    // Whoever sees the whole sheet sees it well enough at first: what the page still has to do goes before.
    if (!this.#all.every((tile) => this.#within(tile))) return this.#ask();
    const view = this.#view;
    this.#idle = whenIdle(() => whenShown(() => view === this.#view && this.#begun()));
    return undefined;
  }

  #begun() {
    this.#idle = 0;
    this.#ask();
  }

  #inView(tile) {
    const view = this.#view;
    return tile.left <= view.right && tile.right >= view.left && tile.top <= view.bottom && tile.bottom >= view.top;
  }

  #display(tile) {
    const far = !this.#inView(tile);
    if (far === tile.far) return;
    tile.far = far;
    if (far) tile.group.setAttribute("display", "none");
    else tile.group.removeAttribute("display");
  }

  #within(tile) {
    const view = this.#view;
    return tile.left >= view.left && tile.right <= view.right && tile.top >= view.top && tile.bottom <= view.bottom;
  }

  #far(tile) {
    const { x, y } = this.#view.middle;
    return Math.hypot((tile.left + tile.right) / 2 - x, (tile.top + tile.bottom) / 2 - y);
  }

  #ask() {
    if (!this.#view) return;
    for (const [number, loading] of this.#coming) {
      if (this.#inView(this.#waiting.get(number))) continue;
      loading.abort();
      this.#coming.delete(number);
    }
    const wanted = [...this.#waiting.values()].filter((tile) => !tile.failed && !this.#coming.has(tile.number) && this.#inView(tile));
    wanted.sort((one, other) => this.#far(one) - this.#far(other));
    for (const tile of wanted.slice(0, AT_ONCE - this.#coming.size)) this.#fetch(tile);
  }

  async #fetch(tile) {
    const loading = new AbortController();
    this.#coming.set(tile.number, loading);
    try {
      const answer = await fetch(tile.url, { credentials: "same-origin", signal: loading.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (this.#timer) this.#held.push([tile, text, loading]);
      else this.#take(tile, text, loading);
    } catch (problem) {
      if (problem.name !== "AbortError") this.#missed(tile, loading);
    }
    if (!this.#timer && !this.#idle) this.#ask();
  }

  #take(tile, text, loading) {
    if (this.#coming.get(tile.number) !== loading) return; // another sheet, or let go meanwhile
    const group = new DOMParser().parseFromString(text, "image/svg+xml").querySelector(`svg > g[data-tile="${tile.number}"]`);
    if (!group) {
      this.#missed(tile, loading);
      return;
    }
    this.#coming.delete(tile.number);
    this.#waiting.delete(tile.number);
    for (const unwanted of group.querySelectorAll("script, style, foreignObject, iframe")) unwanted.remove();
    document.adoptNode(group);
    this.#letters.join(group);
    tile.group.replaceWith(group);
    Object.assign(tile, { group, far: false });
    this.#display(tile);
    this.#arrived(group, text.length);
  }

  /** The coarse picture stays; the next view asks again. */
  #missed(tile, loading) {
    tile.failed = true;
    if (this.#coming.get(tile.number) === loading) this.#coming.delete(tile.number);
  }
}
