/** Which jobs are chosen, one by one, from one to another, or all that are shown. */

export class Selection {
  ids = new Set();
  #last = null;
  #changed;

  constructor(changed) {
    this.#changed = changed;
  }

  /** ordered: ids as they are shown; isRange: all from the one before to this one. */
  choose(jobId, isChosen, { ordered = [], isRange = false } = {}) {
    for (const one of isRange ? this.#between(jobId, ordered) : [jobId]) this.#set(one, isChosen);
    this.#last = jobId;
    this.#changed();
  }

  chooseAll(ordered, isChosen) {
    for (const one of ordered) this.#set(one, isChosen);
    this.#changed();
  }

  clear() {
    this.ids.clear();
    this.#last = null;
    this.#changed();
  }

  #set(jobId, isChosen) {
    if (isChosen) this.ids.add(jobId);
    else this.ids.delete(jobId);
  }

  #between(jobId, ordered) {
    const ends = [ordered.indexOf(this.#last), ordered.indexOf(jobId)].sort((a, b) => a - b);
    return ends[0] < 0 ? [jobId] : ordered.slice(ends[0], ends[1] + 1);
  }
}
