/** What the doctor finds, the gravest first. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class DoctorView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.doctor);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.doctor;
  enter() {}
  leave() {}
}
