/** One found job as a row: it stays where it is, and only what changed of it is touched. */

import { Bar } from "../common/bar.js";
import { element } from "../common/dom.js";
import { span } from "../common/format.js";
import { to } from "../common/routes.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin_jobs.js";
import { address } from "./job_query.js";
import { firstLine, named, shortJob, shortened, standing } from "./job_naming.js";
import { lasted, seconds, when } from "./moments.js";
import { write } from "./rows.js";

export class JobRow {
  element;
  job;
  mark = null;
  #parts;

  /** calls: onChoose(row, event), onMenu(row). */
  constructor(job, calls) {
    this.job = job;
    this.#parts = made(job);
    const { choose, menu } = this.#parts;
    choose.addEventListener("click", (event) => calls.onChoose(this, event));
    menu.addEventListener("click", () => calls.onMenu(this));
    this.element = row(job, this.#parts);
    this.show(job, null);
  }

  get link() {
    return this.#parts.link;
  }

  get menu() {
    return this.#parts.menu;
  }

  show(job, mark) {
    this.job = job;
    this.mark = mark;
    const { link, chip, problem, rank, attempt, choose, menu } = this.#parts;
    this.element.dataset.mark = mark ?? "";
    this.element.title = mark === "left" ? words.left : "";
    write(link, named(job));
    write(chip, standing(job, mark));
    chip.dataset.status = mark === "gone" ? "gone" : job.status;
    write(problem, firstLine(job.error));
    problem.title = job.error ?? "";
    write(rank, `${job.plan ?? ""} · ${job.priority}`);
    write(attempt, String(job.attempt));
    choose.setAttribute("aria-label", words.select(named(job)));
    menu.setAttribute("aria-label", words.actionsOn(named(job)));
    this.progress(job);
    this.tick();
  }

  /** progress, stepCode: newer than the job, by seconds. */
  progress({ progress, stepCode, currentStep }) {
    const isRunning = this.job.status === "processing" && this.mark !== "gone";
    const { bar, percent } = this.#parts;
    bar.element.hidden = !isRunning;
    if (!isRunning) {
      write(percent, "");
      return;
    }
    const step = common.steps[stepCode ?? "starting"] ?? currentStep ?? "";
    bar.show(progress, [`${progress}%`, step].filter(Boolean).join(", "));
    bar.element.title = step;
    write(percent, `${progress}%`);
  }

  /** How long ago, and for how long: as time goes on. */
  tick() {
    const { createdAt, startedAt, finishedAt, status } = this.job;
    write(this.#parts.age, words.ago(span(seconds(createdAt))));
    write(this.#parts.took, startedAt && status !== "waiting" ? lasted(seconds(startedAt, finishedAt)) : "–");
  }

  choose(isChosen) {
    this.#parts.choose.checked = isChosen;
    this.element.classList.toggle("is-chosen", isChosen);
  }
}

function made(job) {
  return {
    choose: element("input", { type: "checkbox" }),
    chip: element("span", { class: "chip" }),
    bar: new Bar(words.progress),
    percent: element("span", { class: "job-percent" }),
    link: element("a", { class: "job-name", href: to("jobs", job.jobId) }),
    problem: element("span", { class: "job-problem" }),
    rank: element("span"),
    attempt: element("span"),
    age: element("span", { class: "hint" }),
    took: element("span"),
    menu: element("button", { type: "button", class: "quiet job-menu", "aria-haspopup": "menu", "aria-expanded": "false" }, "⋯"),
  };
}

/** Roles are said: on a phone the rows are laid out as cards, and a browser would no longer tell that they are rows. */
function row(job, { choose, chip, bar, percent, link, problem, rank, attempt, age, took, menu }) {
  const cell = (name, ...inside) => element("td", { role: "cell", class: `job-${name}`, "data-label": words.columns[name] }, ...inside);
  const id = element("span", { class: "code job-id", title: job.jobId }, shortJob(job.jobId));
  const user = element("a", { class: "link code", href: address({ userId: job.userId }), title: job.userId }, shortened(job.userId));
  return element(
    "tr",
    { role: "row", "data-job": job.jobId },
    cell("choose", choose),
    cell("status", element("div", { class: "job-state" }, chip, percent), bar.element),
    cell("what", link, element("div", { class: "job-below" }, id, problem)),
    cell("user", user),
    cell("rank", rank),
    cell("queue", job.queue),
    cell("attempt", attempt),
    cell("created", when(job.createdAt), age),
    cell("took", took),
    cell("more", menu),
  );
}
