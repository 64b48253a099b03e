/* <upload-box>: a plain form with a file field becomes a list of files on their way, each its own request of the same form:
   bytes, speed, what is left, pause, cancel, again; files may be dropped anywhere on the page (data-anywhere).
   Pausing holds the files that have not started and stops the running one, which then starts over. When all are in, the
   element named by data-refresh is fetched anew, and what went well leaves the list unless something beside it failed.
   Without JavaScript the form posts all its files at once. */

import { say } from "./notice.js";

const AT_ONCE = 2;
const size = (bytes) => {
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (bytes < 1000 || unit === "GB") return `${unit === "B" || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${unit}`;
    bytes /= 1024;
  }
};
const rest = (seconds) => (seconds < 60 ? `${Math.max(1, Math.round(seconds))}초` : `${Math.ceil(seconds / 60)}분`);

class UploadBox extends HTMLElement {
  #form;
  #input;
  #list;
  #sum;
  #rows = [];
  #paused = false;
  #off = new AbortController();

  connectedCallback() {
    this.#form = this.querySelector("form");
    this.#input = this.querySelector("input[type=file]");
    this.#list = this.querySelector(".upload-list");
    this.#sum = this.querySelector(".upload-sum");
    if (!this.#form || !this.#input) return;
    // What is chosen is on its way at once; the button is for browsers without this script.
    this.#form.querySelector("button[type=submit]")?.setAttribute("hidden", "");
    const { signal } = this.#off;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take(this.#input.files);
    }, { signal });
    this.#input.addEventListener("change", () => this.#take(this.#input.files), { signal });
    this.#drops(this.hasAttribute("data-anywhere") ? document : this, signal);
    addEventListener("beforeunload", (event) => {
      if (this.#rows.some((row) => row.state === "sending")) event.preventDefault();
    }, { signal });
  }

  disconnectedCallback() {
    this.#off.abort();
    this.#off = new AbortController();
    for (const row of this.#rows) row.request?.abort();
  }

  #drops(room, signal) {
    let veil;
    const files = (event) => event.dataTransfer?.types?.includes("Files");
    const clear = () => {
      this.classList.remove("over");
      veil?.remove();
      veil = undefined;
    };
    room.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.classList.add("over");
      if (room !== document || veil) return;
      veil = document.body.appendChild(document.createElement("div"));
      veil.className = "drop-veil";
      veil.textContent = "여기에 놓으면 올립니다";
    }, { signal });
    room.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget || (room !== document && !room.contains(event.relatedTarget))) clear();
    }, { signal });
    room.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      clear();
      this.#take(event.dataTransfer.files);
    }, { signal });
  }

  #take(files) {
    const chosen = [...files];
    this.#input.value = "";
    if (!chosen.length) return;
    for (const file of chosen) this.#rows.push(this.#row(file));
    say(`파일 ${chosen.length}개를 올립니다.`);
    this.#next();
  }

  #row(file) {
    const line = this.#list.appendChild(document.createElement("li"));
    const part = (tag, css) => {
      const element = line.appendChild(document.createElement(tag));
      element.className = css;
      return element;
    };
    const row = { file, line, state: "waiting", sent: 0, name: part("span", "name"), words: part("span", "state"), tools: part("span", "buttons"), bar: part("progress", "") };
    row.name.textContent = file.name;
    row.bar.max = file.size || 1;
    row.bar.value = 0;
    row.bar.setAttribute("aria-label", file.name);
    this.#show(row, "기다리는 중");
    return row;
  }

  #show(row, words) {
    row.words.textContent = words;
    row.line.className = row.state;
    row.bar.hidden = row.state === "done" || row.state === "failed";
    const tools = [];
    const tool = (label, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button quiet small";
      button.textContent = label;
      button.setAttribute("aria-label", `${row.file.name} ${label}`);
      button.addEventListener("click", act);
      tools.push(button);
    };
    if (row.state === "failed" && !row.never) tool("다시", () => this.#again(row));
    if (row.state === "sending") tool("멈춤", () => this.#hold());
    if (row.state === "held") tool("계속", () => this.#resume());
    if (row.state !== "done") tool("취소", () => this.#drop(row));
    if (tools.map((one) => one.textContent).join() === [...row.tools.children].map((one) => one.textContent).join()) return;
    const focused = row.tools.contains(document.activeElement);
    row.tools.replaceChildren(...tools);
    if (focused) tools[0]?.focus();
  }

  #next() {
    const sending = this.#rows.filter((row) => row.state === "sending").length;
    const waiting = this.#rows.filter((row) => row.state === "waiting");
    if (!this.#paused) for (const row of waiting.slice(0, AT_ONCE - sending)) this.#send(row);
    this.#total();
    if (!this.#rows.some((row) => ["sending", "waiting", "held"].includes(row.state)) && this.#rows.some((row) => row.state === "done" && !row.told)) this.#finish();
  }

  #send(row) {
    const body = new FormData();
    for (const [name, value] of new FormData(this.#form)) if (name !== this.#input.name) body.append(name, value);
    body.append(this.#input.name, row.file, row.file.name);
    const request = (row.request = new XMLHttpRequest());
    const started = performance.now();
    row.state = "sending";
    request.open("POST", this.#form.action);
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", (event) => {
      row.sent = Math.min(event.loaded, row.file.size);
      row.bar.value = row.sent;
      const speed = (event.loaded * 1000) / Math.max(performance.now() - started, 1);
      const left = (event.total - event.loaded) / Math.max(speed, 1);
      const words = event.loaded >= event.total ? "받는 쪽이 확인하는 중" : `${size(event.loaded)} / ${size(event.total)} · 초당 ${size(speed)} · ${rest(left)} 남음`;
      this.#show(row, words);
      this.#total();
    });
    request.addEventListener("load", () => {
      row.state = request.status < 400 ? "done" : "failed";
      row.never = request.status === 415; // no drawing: the same file can never succeed
      row.sent = row.state === "done" ? row.file.size : 0;
      this.#show(row, row.state === "done" ? `올렸습니다 · ${size(row.file.size)}` : this.#reason(request));
      if (row.state === "failed") say(`${row.file.name}: ${row.words.textContent}`);
      this.#next();
    });
    request.addEventListener("error", () => {
      row.state = "failed";
      this.#show(row, "연결이 끊겼습니다. 다시 올려 주십시오.");
      this.#next();
    });
    this.#show(row, "보내는 중");
    request.send(body);
  }

  #reason(request) {
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const said = answer.querySelector(".error, [role=alert], .empty h1")?.textContent.trim() || (answer.querySelector("h1, form") ? "" : answer.body.textContent.trim());
    return said?.slice(0, 200) || (request.status === 413 ? "파일이 너무 큽니다." : "올리지 못했습니다. 다시 올려 주십시오.");
  }

  #again(row) {
    row.state = "waiting";
    this.#show(row, "기다리는 중");
    this.#next();
  }

  #hold() {
    this.#paused = true;
    for (const row of this.#rows.filter((one) => ["sending", "waiting"].includes(one.state))) {
      row.request?.abort();
      row.state = "held";
      row.sent = row.bar.value = 0;
      this.#show(row, "멈춤");
    }
    this.#total();
  }

  #resume() {
    this.#paused = false;
    for (const row of this.#rows.filter((one) => one.state === "held")) {
      row.state = "waiting";
      this.#show(row, "기다리는 중");
    }
    this.#next();
  }

  #drop(row) {
    row.request?.abort();
    row.line.remove();
    this.#rows = this.#rows.filter((one) => one !== row);
    if (!this.#rows.some((one) => one.state === "held")) this.#paused = false;
    this.#next();
  }

  #total() {
    const all = this.#rows.reduce((sum, row) => sum + row.file.size, 0);
    const sent = this.#rows.reduce((sum, row) => sum + row.sent, 0);
    const done = this.#rows.filter((row) => row.state === "done").length;
    this.#sum.hidden = this.#rows.length < 2;
    this.#sum.textContent = `${this.#rows.length}개 중 ${done}개 · ${size(sent)} / ${size(all)}`;
  }

  #finish() {
    const fresh = this.#rows.filter((row) => row.state === "done" && !row.told);
    for (const row of fresh) row.told = true;
    if (this.#rows.every((row) => row.state === "done")) {
      for (const row of this.#rows.splice(0)) row.line.remove();
      this.#total();
    }
    say(`파일 ${fresh.length}개를 올렸습니다.`);
    const room = this.dataset.refresh;
    if (room && window.htmx) window.htmx.ajax("GET", location.href, { source: document.querySelector(room), target: room, swap: "outerHTML" });
    this.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: { files: fresh.length } }));
  }
}

customElements.define("upload-box", UploadBox);
