/** One's strategies and the built-in ones, and the editor of their rules, checked as one types. */

import { Refusal } from "../common/api.js";
import { button, element, say } from "../common/dom.js";
import { confirmed } from "../common/confirm.js";
import { keepingFocus } from "../common/focus.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/strategies.js";
import { forgetStrategy, keepStrategy, replaceStrategy, strategies, strategy } from "./calls.js";
import { Checking } from "./checking.js";
import { drafts } from "./drafts.js";
import { Reference } from "./reference.js";
import { same } from "./same.js";
import { EMPTY, StrategyEditor } from "./strategy_editor.js";
import { StrategyList } from "./strategy_list.js";

const NEW = "new";

export class StrategiesView {
  element = element("section", { class: "page" });
  #shared;
  #heading = element("h2", { tabindex: "-1" }, words.title);
  #list = new StrategyList();
  #state = element("p", { class: "check-state", role: "status" });
  #message = element("div", { class: "notice", role: "alert", hidden: true });
  #about = element("p", { class: "hint", hidden: true });
  #actions = element("div", { class: "toolbar" });
  #editor = new StrategyEditor(() => this.#changed(), () => this.#reference.candidates());
  #reference = new Reference((text) => this.#editor.insert(text));
  #place = element("div", { class: "editor-place" });
  #checking;
  #listed = [];
  /** What is shown: {id, definition, revision, builtIn, title}; id "new" for one that is not kept yet. */
  #shown = null;
  #asked = 0;
  #isSaving = false;
  #isTouched = false;
  /** What was sent, where the answer was lost: it may be kept already. */
  #unsure = null;

  constructor(shared) {
    this.#shared = shared;
    this.#checking = new Checking({
      onChecking: () => this.#tell("checking", words.checking),
      onChecked: (answer) => this.#checked(answer),
      onLost: (refusal) => this.#lost(refusal),
    });
    const head = element("div", { class: "page-head" }, this.#heading, this.#actions);
    const main = element("div", { class: "card sheet editor-card" }, this.#about, this.#message, this.#state, this.#editor.element);
    this.#place.append(main, this.#reference.element);
    this.element.append(head, element("div", { class: "strategies" }, this.#list.element, this.#place));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (this.#shown && !this.#shown.builtIn) this.#save();
      }
    });
  }

  title = () => `${this.#shown?.title || words.title} · ${common.product}`;

  async enter([id], query) {
    const asked = (this.#asked += 1);
    this.#refuse("");
    this.#reference.load();
    // What is typed into the one before would be written over by what comes.
    this.#place.hidden = id === undefined || id === NEW || id !== this.#shown?.id;
    try {
      if (this.#listed.length === 0) {
        const listed = await strategies();
        // Whoever asked may have left, and these are theirs.
        if (asked !== this.#asked) return;
        this.#listed = listed;
      }
      const shown = await this.#find(id ?? this.#first(), query.get("from"));
      if (asked === this.#asked) this.#show(shown);
    } catch (refusal) {
      if (asked !== this.#asked) return;
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#missing(refusal, () => this.enter([id], query));
    }
  }

  leave() {
    this.#asked += 1;
    this.#checking.stop();
  }

  open({ userId }) {
    drafts.open(userId);
  }

  clear() {
    this.leave();
    this.#listed = [];
    this.#shown = this.#unsure = null;
    this.#list.show([], null);
    this.#heading.textContent = words.title;
    this.#actions.replaceChildren();
    this.#refuse("");
    say(this.#about, "");
    this.#editor.show(EMPTY, { isReadOnly: false });
    this.#place.hidden = true;
  }

  #first() {
    return (this.#listed.find((one) => !one.builtIn) ?? this.#listed[0])?.id ?? NEW;
  }

  async #find(id, from) {
    if (id !== NEW) return strategy(id);
    const source = from ? await strategy(from) : null;
    const definition = source ? { ...source.definition, name: words.copyOf(source.title ?? source.name) } : EMPTY;
    return { id: NEW, title: words.newStrategy, definition, builtIn: false, isNew: true };
  }

  /** isTyped: the fields have it already, and perhaps more. */
  #show(shown, { isTyped = false } = {}) {
    this.#isTouched = !shown.isNew;
    this.#shown = shown;
    this.#place.hidden = false;
    this.#editor.element.hidden = false;
    this.#heading.textContent = shown.title ?? shown.name;
    this.#list.show(this.#listed, shown.id);
    say(this.#about, shown.builtIn ? `${shown.description ?? ""} ${words.builtInHint}`.trim() : "");
    const draft = shown.builtIn || isTyped ? null : drafts.read(shown.id);
    if (!isTyped) this.#editor.show(draft ?? shown.definition, { isReadOnly: shown.builtIn });
    this.#offer();
    if (draft) this.#refuse(words.restored, button(words.throwAway, () => this.#throwAway(), { class: "quiet" }));
    this.#checking.now(this.#editor.definition());
    this.#shared.retitle();
    if (shown.isNew) this.#editor.focus();
  }

  #offer() {
    const { id, builtIn, isNew } = this.#shown;
    const link = (text, href, classes) => element("a", { class: classes, href }, text);
    const run = !isNew && link(words.run, to("", { strategy: id }), builtIn ? "button primary" : "button");
    const copy = !isNew && link(builtIn ? words.copyAndChange : words.copy, to("strategies", NEW, { from: id }), "button");
    const remove = !isNew && !builtIn && button(words.remove, () => this.#remove(), { class: "danger" });
    const save = !builtIn && button(isNew ? words.keep : words.save, () => this.#save(), { class: "primary" });
    const isKeeping = this.#actions.querySelector(".primary")?.matches(":focus");
    const near = () => (isKeeping && this.#actions.querySelector(".primary")) || this.#heading;
    keepingFocus(() => this.#actions.replaceChildren(...[remove, copy, run, save].filter(Boolean)), near);
  }

  #changed() {
    if (this.#shown === null || this.#shown.builtIn) return;
    this.#isTouched = true;
    const definition = this.#editor.definition();
    drafts.keep(this.#shown.id, definition);
    this.#checking.soon(definition);
  }

  #checked({ valid, errors: found, lookBack, parameters }) {
    // That a new one has no name yet is no news to who has not typed anything.
    const errors = this.#isTouched ? found : found.filter(({ path }) => path !== "name");
    const unplaced = this.#editor.refuse(errors);
    if (!valid && errors.length === 0) this.#tell("unknown", words.nameIt);
    else if (valid) this.#tell("valid", words.ready(lookBack, parameters.length));
    else this.#tell("invalid", [words.toMend(errors.length), ...unplaced.map(({ message }) => message)].join(" "));
  }

  #lost(refusal) {
    this.#tell("unknown", words.notChecked(refusal.message));
  }

  #tell(state, text) {
    this.#state.dataset.state = state;
    this.#state.textContent = text;
  }

  #refuse(text, ...acts) {
    keepingFocus(() => this.#message.replaceChildren(element("span", {}, text), ...acts), () => this.#heading);
    this.#message.hidden = text === "";
  }

  #missing(refusal, again) {
    this.#shown = null;
    this.#heading.textContent = words.title;
    this.#actions.replaceChildren(button(common.tryAgain, again));
    this.#list.show(this.#listed, null);
    this.#place.hidden = false;
    this.#editor.element.hidden = true;
    this.#refuse(refusal.message);
  }

  /** Once at a time: a second press would find the name taken by the first. */
  async #save() {
    if (this.#isSaving) return;
    this.#isSaving = this.#isTouched = true;
    try {
      await this.#saveOnce();
    } finally {
      this.#isSaving = false;
    }
  }

  async #saveOnce() {
    const asked = this.#asked;
    const { id, isNew, revision } = this.#shown;
    const definition = this.#editor.definition();
    this.#refuse("");
    const answer = await this.#checking.now(definition);
    if (asked !== this.#asked) return;
    if (answer !== null && !answer.valid) {
      this.#editor.focusWrong();
      return;
    }
    try {
      const kept = (await this.#arrived(definition)) ?? (await (isNew ? keepStrategy(definition) : replaceStrategy(id, definition, revision)));
      this.#unsure = null;
      drafts.drop(id);
      this.#listed = [];
      this.#shared.announce(words.saved(kept.title));
      const listed = await strategies();
      // Who went on to another meanwhile is not brought back.
      if (asked !== this.#asked) return;
      this.#listed = listed;
      if (isNew) location.hash = to("strategies", kept.id);
      else this.#goOn(kept, definition);
    } catch (refusal) {
      this.#unsure = refusal.isUncertain ? definition : null;
      if (asked === this.#asked) this.#refused(refusal);
    }
  }

  /** What was sent before and is kept though its answer was lost; null when it is not there. */
  async #arrived(definition) {
    if (!this.#unsure || !same(definition, this.#unsure)) return null;
    const { id, isNew } = this.#shown;
    const at = isNew ? (await strategies()).find((one) => !one.builtIn && (one.title ?? one.name) === definition.name)?.id : id;
    const found = at ? await strategy(at) : null;
    return found && same(found.definition, definition) ? found : null;
  }

  /** What was typed while it was saved is not saved, and stays. */
  #goOn(kept, sent) {
    const typed = this.#editor.definition();
    if (!same(typed, sent)) drafts.keep(kept.id, typed);
    this.#show(kept, { isTyped: true });
  }

  #refused(refusal) {
    const details = refusal.details.map((detail) => ({ ...detail, path: detail.path.replace(/^definition\./, "") }));
    if (refusal.code === "name_taken") details.push({ path: "name", message: refusal.message });
    const unplaced = this.#editor.refuse(details);
    this.#editor.focusWrong();
    if (details.length > 0 && unplaced.length === 0) return;
    const acts = refusal.code === "stale_revision" ? [button(words.loadNewer, () => this.#throwAway(), { class: "quiet" })] : [];
    this.#refuse(refusal.status === 0 ? `${refusal.message} ${words.mayBeKept}` : refusal.message, ...acts);
  }

  /** Back to what the server has. */
  #throwAway() {
    drafts.drop(this.#shown.id);
    this.enter([this.#shown.id], new URLSearchParams());
  }

  async #remove() {
    const asked = this.#asked;
    const { id, title, revision } = this.#shown;
    const yes = await confirmed({ title: words.removeTitle(title), text: words.removeText, action: words.remove, isDanger: true });
    if (!yes) return;
    try {
      await forgetStrategy(id, revision);
      drafts.drop(id);
      this.#listed = [];
      this.#shared.announce(words.removed(title));
      if (asked === this.#asked) location.hash = to("strategies");
    } catch (refusal) {
      if (asked === this.#asked) this.#refused(refusal);
    }
  }
}
