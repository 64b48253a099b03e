/* The letters of a large sheet: those too small to be read are not drawn. Ten thousand lines of text cost a browser more
   than a hundred thousand strokes, and below a few pixels they are a grey haze. */

const LEGIBLE = 3; // CSS pixels

export class Letters {
  #sizes = new Map(); // a power of two -> the texts of up to so many SVG units
  #hidden = 0; // sizes up to this one are not drawn

  begin() {
    this.#sizes = new Map();
    this.#hidden = 0;
  }

  /** Take in the texts of a group that was put into the sheet. */
  join(group) {
    for (const text of group.querySelectorAll("text")) {
      const size = 2 ** Math.ceil(Math.log2(Number(text.getAttribute("font-size")) || 1));
      if (!this.#sizes.has(size)) this.#sizes.set(size, []);
      this.#sizes.get(size).push(text);
      if (size <= this.#hidden) text.setAttribute("display", "none");
    }
  }

  /** Hear how many CSS pixels an SVG unit has. While the view is `moving` letters only go: those that come can wait. */
  look(scale, { moving }) {
    const hidden = LEGIBLE / scale;
    if (moving && hidden < this.#hidden) return;
    for (const [size, texts] of this.#sizes) {
      const was = size <= this.#hidden;
      if (was === size <= hidden) continue;
      for (const text of texts) {
        if (was) text.removeAttribute("display");
        else text.setAttribute("display", "none");
      }
    }
    this.#hidden = hidden;
  }
}
