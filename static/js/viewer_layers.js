/* The layer panel of the viewer: every layer with its colour and number of objects; all on, all off, only this one, search.
   A layer is hidden by the display attribute of its groups, as the renderer does it for layers that are off in the file.
   Choices are kept by the layer's name, because a new revision may number its layers anew. */

export class LayerPanel {
  #room;
  #told;
  #layers = [];
  #rows = [];
  #groups = new Map();
  #chosen = new Map(); // layer name -> shown, only where the person chose otherwise than the file

  /** `room` holds .layer-list, .layer-search, .layer-count, .layer-off; `told({chosen, words})` hears of every change. */
  constructor(room, told) {
    this.#room = room;
    this.#told = told;
    room.querySelector(".layer-search").addEventListener("input", (event) => this.#search(event.target.value));
    room.querySelector(".layer-list").addEventListener("change", (event) => this.#ticked(event.target));
    room.addEventListener("click", (event) => {
      const button = event.target.closest("[data-layers]");
      if (!button) return;
      if (button.dataset.layers === "all") this.#set(() => true, "레이어를 모두 켰습니다.");
      else if (button.dataset.layers === "none") this.#set(() => false, "레이어를 모두 껐습니다.");
      else if (button.dataset.layers === "file") this.#set((layer) => layer.on !== false, "도면에 저장된 대로 되돌렸습니다.");
      else this.#only(Number(button.dataset.layers));
    });
  }

  /** List `layers` [{index, name, colour, on, objects}] with what was `chosen` before. */
  fill(layers, chosen) {
    this.#layers = layers;
    this.#chosen = chosen;
    this.#groups = new Map();
    this.#rows = layers.map((layer) => this.#row(layer));
    this.#room.querySelector(".layer-list").replaceChildren(...this.#rows.map((row) => row.line));
    this.#room.querySelector(".layer-search").value = "";
    this.#count();
  }

  /** Whether nothing of the sheet is shown, although something is drawn on it. */
  get blank() {
    const drawn = this.#layers.filter((layer) => layer.objects);
    return drawn.length > 0 && !drawn.some((layer) => this.#shown(layer));
  }

  /** How many layers are hidden because the file has them off, in words; empty when none is. */
  get storedOff() {
    const off = this.#layers.filter((layer) => layer.on === false && !this.#shown(layer)).length;
    return off ? `꺼진 채 저장된 레이어 ${off}개` : "";
  }

  /** Bind the groups of a sheet that was just put into the page. */
  attach(svg) {
    this.#groups = new Map();
    this.#collect(svg);
    this.#apply();
  }

  /** Bind the groups of a part that was put into the sheet in place of another. */
  join(part) {
    for (const [index, groups] of this.#groups) this.#groups.set(index, groups.filter((group) => group.isConnected));
    this.#collect(part);
    for (const row of this.#rows) this.#show(row.layer, [...part.querySelectorAll(`g.l[data-layer="${row.layer.index}"]`)]);
  }

  #collect(part) {
    for (const group of part.querySelectorAll("g.l")) {
      const index = Number(group.dataset.layer ?? group.getAttribute("class").match(/l-(\d+)/)?.[1]);
      if (!this.#groups.has(index)) this.#groups.set(index, []);
      this.#groups.get(index).push(group);
    }
  }

  #show(layer, groups) {
    const shown = this.#shown(layer);
    for (const group of groups) {
      if (shown) group.removeAttribute("display");
      else group.setAttribute("display", "none");
    }
  }

  #shown(layer) {
    return this.#chosen.get(layer.name) ?? layer.on !== false;
  }

  #row(layer) {
    const line = document.createElement("li");
    const label = line.appendChild(document.createElement("label"));
    const box = label.appendChild(document.createElement("input"));
    const swatch = label.appendChild(document.createElement("span"));
    const name = label.appendChild(document.createElement("span"));
    const objects = label.appendChild(document.createElement("small"));
    const only = line.appendChild(document.createElement("button"));
    box.type = "checkbox";
    box.value = layer.index;
    box.checked = this.#shown(layer);
    swatch.className = "layer-colour";
    if (layer.colour && layer.colour !== "currentColor") swatch.style.background = layer.colour;
    name.className = "layer-name";
    name.textContent = name.title = layer.name;
    objects.textContent = (layer.objects ?? 0).toLocaleString("ko-KR");
    objects.setAttribute("aria-label", `그려진 것 ${objects.textContent}개`);
    only.type = "button";
    only.className = "button quiet small";
    only.dataset.layers = String(layer.index);
    only.textContent = "이것만";
    only.setAttribute("aria-label", `${layer.name} 레이어만 보기`);
    return { line, box, layer };
  }

  #ticked(box) {
    const row = this.#rows.find((one) => one.box === box);
    if (!row) return;
    this.#choose(row.layer, box.checked);
    this.#apply();
    this.#told({ chosen: this.#chosen, words: `${row.layer.name} 레이어를 ${box.checked ? "켰습니다" : "껐습니다"}.` });
  }

  #choose(layer, shown) {
    if (shown === (layer.on !== false)) this.#chosen.delete(layer.name);
    else this.#chosen.set(layer.name, shown);
  }

  #set(wanted, words) {
    for (const layer of this.#layers) this.#choose(layer, wanted(layer));
    this.#apply();
    this.#told({ chosen: this.#chosen, words });
  }

  #only(index) {
    const layer = this.#layers.find((one) => one.index === index);
    const alone = this.#layers.every((one) => this.#shown(one) === (one.index === index));
    if (alone) this.#set((one) => one.on !== false, "도면에 저장된 대로 되돌렸습니다."); // the same press takes it back
    else this.#set((one) => one.index === index, `${layer.name} 레이어만 보입니다.`);
  }

  #apply() {
    for (const row of this.#rows) {
      row.box.checked = this.#shown(row.layer);
      this.#show(row.layer, this.#groups.get(row.layer.index) ?? []);
    }
    this.#count();
  }

  #count() {
    const shown = this.#layers.filter((layer) => this.#shown(layer)).length;
    this.#room.querySelector(".layer-count").textContent = `레이어 ${this.#layers.length}개 중 ${shown}개 켬`;
    const off = this.#room.querySelector(".layer-off");
    off.textContent = this.storedOff;
    off.hidden = !off.textContent;
  }

  #search(words) {
    const wanted = words.trim().toLocaleLowerCase("ko");
    let found = 0;
    for (const row of this.#rows) {
      row.line.hidden = !row.layer.name.toLocaleLowerCase("ko").includes(wanted);
      found += row.line.hidden ? 0 : 1;
    }
    this.#room.querySelector(".layer-none").hidden = found > 0;
  }
}
