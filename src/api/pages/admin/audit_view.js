/** Who did what. */

import { element } from "../common/dom.js";
import { words } from "../words/admin.js";

export class AuditView {
  element = element("section", { class: "page" });
  #heading = element("h2", { tabindex: "-1" }, words.audit);

  constructor() {
    this.element.append(this.#heading);
  }

  title = () => words.audit;
  enter() {}
  leave() {}
}
