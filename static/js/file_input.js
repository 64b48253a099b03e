/* <file-input>: a file field in our own words. The browser's own control speaks the browser's language, so it is out of
   sight (never out of reach of the keyboard), and the names of what was chosen stand beside its label. A form that is sent
   without a file says so and goes nowhere; without JavaScript the server says the same. */

import { say } from "./notice.js";

const MISSING = "보낼 파일이 없습니다. 파일을 먼저 골라 주십시오.";

class FileInput extends HTMLElement {
  #off = new AbortController();

  connectedCallback() {
    const input = this.querySelector("input[type=file]");
    if (!input) return;
    const { signal } = this.#off;
    input.addEventListener("change", () => setTimeout(() => this.#show(input)), { signal }); // after who takes the files away
    // Before the form's own listeners, <upload-box> among them.
    input.form?.addEventListener("submit", (event) => {
      if (input.files.length || this.hasAttribute("optional")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#show(input, MISSING);
      say(MISSING);
      input.focus();
    }, { signal, capture: true });
    this.#show(input);
  }

  disconnectedCallback() {
    this.#off.abort();
    this.#off = new AbortController();
  }

  #show(input, problem = "") {
    const names = [...input.files].map((file) => file.name);
    const words = names.length > 1 ? `${names[0]} 외 ${names.length - 1}개` : names[0];
    const output = this.querySelector("output");
    output.textContent = problem || words || output.dataset.none;
    output.classList.toggle("error", Boolean(problem));
    input.toggleAttribute("aria-invalid", Boolean(problem));
    if (problem) input.setAttribute("aria-invalid", "true");
  }
}

customElements.define("file-input", FileInput);
