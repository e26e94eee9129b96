/** What the doctor finds, the gravest first. */

import { button, element } from "../common/dom.js";
import { clock } from "../common/format.js";
import { words } from "../words/doctor.js";
import { words as head } from "../words/admin.js";
import { Fetched } from "./fetched.js";
import { examine, isWell, nameOf, summary, told } from "./findings.js";
import { panel } from "./panel.js";

export class DoctorView {
  element = element("section", { class: "page" });
  #when = element("p", { class: "hint", role: "status" });
  #fetched;

  constructor() {
    this.#fetched = new Fetched({ load: examine, show: (findings) => this.#show(findings) });
    const again = button(words.lookAgain, () => this.#fetched.ask());
    const heading = element("h2", { tabindex: "-1" }, head.doctor);
    this.element.append(
      element("div", { class: "page-head" }, heading, this.#when, again),
      element("p", { class: "hint" }, words.hint),
      this.#fetched.element,
    );
  }

  title = () => `${head.doctor} · ${head.product}`;

  enter() {
    this.#fetched.ask();
  }

  leave() {
    this.#fetched.stop();
  }

  clear() {
    this.#fetched.clear();
    this.#when.textContent = "";
  }

  #show(findings) {
    this.#when.textContent = `${words.lookedAt(clock(Date.now()))}: ${summary(findings)}`;
    const ill = findings.filter((finding) => !isWell(finding));
    const shown = ill.length
      ? element("ul", { class: "findings" }, ...ill.map(told))
      : element("p", { class: "card sheet all-well" }, summary(findings));
    return [shown, well(findings.filter(isWell))];
  }
}

function well(findings) {
  const facts = findings.flatMap((finding) => [
    element("dt", {}, element("span", { class: "chip", "data-verdict": "ok" }, nameOf(finding))),
    element("dd", { lang: "en" }, finding.found),
  ]);
  return panel(words.wellTitle, element("dl", { class: "facts well" }, ...facts));
}
