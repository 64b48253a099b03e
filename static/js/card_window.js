/* Opens the payment company's card window with its own script. The page's policy names that script's origin. */

class CardWindow extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.open());
    this.open();
  }

  async open() {
    if (!window.TossPayments) await this.load(this.dataset.script);
    const { customerKey, ...options } = JSON.parse(this.dataset.options);
    const payment = window.TossPayments(this.dataset.clientKey).payment({ customerKey });
    try {
      await payment.requestBillingAuth(options);
    } catch (error) {
      const back = new URL(options.failUrl);
      back.searchParams.set("code", error.code || "WINDOW_FAILED");
      back.searchParams.set("message", error.message || "");
      location.assign(back);
    }
  }

  load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }
}

customElements.define("card-window", CardWindow);
