/** What stands above every view while it is so: nobody works, a queue is paused, figures are from before. */

import { button, element, find } from "../common/dom.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin.js";
import { write } from "./rows.js";

const ANY_WORKER = "pgqueue worker";
const workerOf = (queue) => `PGQUEUE_QUEUE=${queue} pgqueue worker`;

export class Alerts {
  #announce;
  #figures;
  #away = new Alert("warn");
  #idle = new Alert("grave", { command: true });
  #unserved = new Alert("grave", { command: true });
  #paused = new Alert("warn", { link: [to("queues"), words.toQueues] });

  constructor({ figures, announce }) {
    this.#announce = announce;
    this.#figures = figures;
    find("alerts").prepend(...[this.#away, this.#idle, this.#unserved, this.#paused].map((alert) => alert.element));
    figures.on("stats", (stats) => this.#count(stats));
    figures.on("queues", (data) => this.#look(data));
  }

  /** connecting, live, polling or away. */
  connection(state) {
    this.#away.say(state === "away" ? (navigator.onLine ? common.awayBanner : common.offlineBanner) : "");
    document.body.toggleAttribute("data-stale", state === "away");
  }

  clear() {
    for (const alert of [this.#away, this.#idle, this.#unserved, this.#paused]) alert.say("");
    document.body.removeAttribute("data-stale");
  }

  #count({ workers, pausedQueues }) {
    this.#idle.say(workers === 0 ? words.noWorker : "", { command: ANY_WORKER, announce: this.#announce });
    this.#paused.say(pausedQueues.length ? words.pausedQueues(pausedQueues.join(", ")) : "");
  }

  /** Where some work and nobody on a queue in which jobs wait. */
  #look({ queues }) {
    const unserved = queues.filter((queue) => queue.workers === 0 && queue.waiting > 0 && !queue.paused);
    const [first] = unserved;
    const text = !first || this.#figures.newest("stats")?.workers === 0 ? "" : words.unserved(unserved.map((queue) => queue.name).join(", "));
    this.#unserved.say(text, { command: first && workerOf(first.name), announce: this.#announce });
  }
}

class Alert {
  element;
  #text = element("p");
  #command = element("code", { class: "code" });
  #announce = () => {};

  constructor(degree, { command = false, link = null } = {}) {
    const parts = [this.#text];
    if (command) parts.push(this.#command, button(words.copy, () => this.#copy(), { class: "quiet" }));
    if (link) parts.push(element("a", { href: link[0], class: "link" }, link[1]));
    const role = degree === "grave" ? "alert" : "status";
    this.element = element("div", { class: `banner alert ${degree}`, role, hidden: true }, ...parts);
  }

  say(text, { command = "", announce = () => {} } = {}) {
    this.#announce = announce;
    write(this.#text, text);
    write(this.#command, command);
    this.element.hidden = !text;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#command.textContent);
      this.#announce(common.copied);
    } catch {
      // Browsers give no clipboard to plain http: what is selected can be copied by hand.
      getSelection().selectAllChildren(this.#command);
    }
  }
}
