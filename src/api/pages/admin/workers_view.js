/** Workers, what each slot runs, and which of them went away meanwhile. */

import { element, say } from "../common/dom.js";
import { clock, whole } from "../common/format.js";
import { words as common } from "../words/common.js";
import { words } from "../words/workers.js";
import { words as head } from "../words/admin.js";
import { panel } from "./panel.js";
import { Rows } from "./rows.js";
import { WorkerCard } from "./worker_card.js";

const REMEMBERED = 20;

export class WorkersView {
  element = element("section", { class: "page" });
  #figures;
  #summary = element("p", { class: "hint" });
  #mixed = element("p", { class: "notice", hidden: true });
  #loading = element("p", { class: "empty" }, common.loading);
  #empty;
  #list = element("ul", { class: "workers" });
  #rows = new Rows(this.#list, { key: (worker) => worker.id, make: (worker) => new WorkerCard(worker) });
  #gone = element("ul", { class: "gone-list" });
  #goneSection;
  #before = [];
  #end = null;

  constructor({ figures }) {
    this.#figures = figures;
    this.#empty = element(
      "div",
      { class: "card sheet empty", hidden: true },
      element("p", {}, words.empty),
      element("p", {}, element("code", { class: "code command" }, "pgqueue worker")),
      element("p", { class: "hint" }, words.emptyHint),
    );
    this.#goneSection = panel(words.gone, this.#gone, element("p", { class: "hint" }, words.goneHint));
    this.#goneSection.hidden = true;
    const top = element("div", { class: "page-head" }, element("h2", { tabindex: "-1" }, head.workers), this.#summary);
    this.element.append(top, this.#mixed, this.#loading, this.#empty, this.#list, this.#goneSection);
  }

  title = () => `${head.workers} · ${head.product}`;

  enter() {
    this.#end ??= this.#figures.on("workers", ({ workers }) => this.#show(workers));
  }

  leave() {
    this.#end?.();
    this.#end = null;
    this.#before = [];
  }

  clear() {
    this.#rows.show([]);
    this.#gone.replaceChildren();
    this.#goneSection.hidden = true;
    this.#loading.hidden = false;
    this.#empty.hidden = true;
    say(this.#summary, "");
    say(this.#mixed, "");
  }

  #show(workers) {
    this.#loading.hidden = true;
    this.#empty.hidden = workers.length > 0;
    const sum = (count) => whole(workers.reduce((all, worker) => all + count(worker), 0));
    say(this.#summary, words.summary(whole(workers.length), sum((worker) => worker.running.length), sum((worker) => worker.slots)));
    const versions = [...new Set(workers.map((worker) => worker.version))].toSorted();
    say(this.#mixed, versions.length > 1 ? words.mixed(versions.join(", ")) : "");
    this.#rows.show(workers);
    this.#miss(workers);
  }

  /** Who was here a moment ago and is no more: the server tells only of those that hold a lease. */
  #miss(workers) {
    const ids = new Set(workers.map((worker) => worker.id));
    for (const worker of this.#before.filter(({ id }) => !ids.has(id))) {
      const name = `${worker.host} · ${words.process(worker.pid)} · ${worker.queue}`;
      const at = element("span", { class: "hint" }, clock(Date.now()));
      this.#gone.prepend(element("li", {}, element("span", { class: "name" }, name), at));
    }
    while (this.#gone.children.length > REMEMBERED) this.#gone.lastElementChild.remove();
    this.#goneSection.hidden = this.#gone.children.length === 0;
    this.#before = workers;
  }
}
