/* The tiles of a large sheet: its first picture is coarse, and each tile brings what lies in its part as it is in the file.
   Those in view come first, the nearest to the middle before the others; one that left the view before it came is let go. */

const AT_ONCE = 4;
const QUIET = 120; // ms without a new view until tiles are asked for: a drag past them asks for none
const MARGIN = 0.25; // of the view, on each side

export class Tiles {
  #svg = null;
  #waiting = new Map(); // number -> {number, url, box in SVG units}
  #coming = new Map(); // number -> AbortController
  #view = null;
  #timer = 0;
  #arrived;

  /** `arrived(group)` hears of every group that was put in. */
  constructor(arrived) {
    this.#arrived = arrived;
  }

  /** Begin with `svg`, whose tiles are [{number, url, box: [x0, y0, x1, y1] in drawing units}]; `place` maps units. */
  begin(svg, tiles, place) {
    this.end();
    this.#svg = svg;
    for (const { number, url, box } of tiles) {
      const [left, right] = [box[0], box[2]].map((x) => (x - place.x) * place.scale);
      const [bottom, top] = [box[1], box[3]].map((y) => (place.y - y) * place.scale);
      this.#waiting.set(number, { number, url, left, right, top, bottom });
    }
  }

  end() {
    clearTimeout(this.#timer);
    for (const loading of this.#coming.values()) loading.abort();
    this.#coming.clear();
    this.#waiting.clear();
    this.#svg = this.#view = null;
  }

  /** Hear of a new view: the SVG points at its corners. */
  look(from, to) {
    if (!this.#svg || !this.#waiting.size) return;
    const [wide, high] = [(to.x - from.x) * MARGIN, (to.y - from.y) * MARGIN];
    this.#view = { left: from.x - wide, right: to.x + wide, top: from.y - high, bottom: to.y + high };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), QUIET);
  }

  #inView(tile) {
    const view = this.#view;
    return tile.left <= view.right && tile.right >= view.left && tile.top <= view.bottom && tile.bottom >= view.top;
  }

  #far(tile) {
    const view = this.#view;
    return Math.hypot(tile.left + tile.right - view.left - view.right, tile.top + tile.bottom - view.top - view.bottom);
  }

  #ask() {
    for (const [number, loading] of this.#coming) {
      if (this.#inView(this.#waiting.get(number))) continue;
      loading.abort();
      this.#coming.delete(number);
    }
    const wanted = [...this.#waiting.values()].filter((tile) => !this.#coming.has(tile.number) && this.#inView(tile));
    wanted.sort((one, other) => this.#far(one) - this.#far(other));
    for (const tile of wanted.slice(0, AT_ONCE - this.#coming.size)) this.#fetch(tile);
  }

  async #fetch(tile) {
    const loading = new AbortController();
    this.#coming.set(tile.number, loading);
    try {
      const answer = await fetch(tile.url, { credentials: "same-origin", signal: loading.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#put(tile, new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement);
      if (this.#coming.get(tile.number) === loading) this.#coming.delete(tile.number);
      this.#ask();
    } catch (problem) {
      // The coarse picture stays; the next view asks again.
      if (problem.name !== "AbortError") this.#coming.delete(tile.number);
    }
  }

  #put(tile, document_) {
    const group = document_.querySelector("g[data-tile]");
    const before = this.#svg?.querySelector(`g[data-tile="${tile.number}"]`);
    if (!group || !before || !this.#waiting.delete(tile.number)) return;
    for (const unwanted of group.querySelectorAll("script, style, foreignObject, iframe")) unwanted.remove();
    before.replaceWith(document.adoptNode(group));
    this.#arrived(group);
  }
}
