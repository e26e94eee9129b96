/** The traders' page, put together: who is here, what they asked for, how it goes. */

import { find, say } from "../common/dom.js";
import { Gate } from "../common/gate.js";
import { LazyView } from "../common/lazy_view.js";
import { Routes } from "../common/routes.js";
import { announce, fill, mark, showConnection, skips, switches } from "../common/shell.js";
import { Stream } from "../common/stream.js";
import { words as common } from "../words/common.js";
import { words } from "../words/desk.js";
import { Allowance } from "./allowance.js";
import { EVENTS } from "./calls.js";
import { Desk } from "./desk.js";
import { Jobs, isFinal } from "./jobs.js";
import { Lookout } from "./lookout.js";
import { title } from "./telling.js";

fill({ ...common, ...words });
switches();
skips(() => (find("desk").hidden ? find("views") : find("runs")));

const jobs = new Jobs({
  onChange: (job, before) => {
    for (const view of Object.values(views)) view.hear?.(job, before);
    if (before?.status !== job.status) allowance.refresh();
    if (!before || isFinal(before) || !isFinal(job)) return;
    announce(words.announce(title(job), words.inWords[job.status]));
  },
  onTold: () => views[""].arrange(),
  onDrop: (jobId) => views[""].forget(jobId),
  onStranger: () => gate.begin(),
});
const allowance = new Allowance();
const shared = { jobs, allowance, announce, retitle: () => routes.retitle() };
const later = (load) => new LazyView(load, () => routes.retitle());
const views = {
  "": new Desk(shared),
  runs: later(async () => new (await import("./run_view.js")).RunView(shared)),
  history: later(async () => new (await import("./history_view.js")).HistoryView(shared)),
  strategies: later(async () => new (await import("./strategies_view.js")).StrategiesView(shared)),
  compare: later(async () => new (await import("./compare_view.js")).CompareView()),
};
const routes = new Routes(find("views"), views, mark);
const lookout = new Lookout({
  onJob: (job) => jobs.hear(job),
  onGone: forget,
  onCaughtUp: () => {
    jobs.tell();
    for (const view of Object.values(views)) view.settle?.();
  },
  unfinished: () => jobs.unfinished(),
});
function forget(jobId) {
  jobs.forget(jobId);
  for (const view of Object.values(views)) view.forget?.(jobId);
}

const stream = new Stream({
  address: EVENTS,
  events: {
    progress: (job) => {
      lookout.heard(job);
      jobs.hear(job);
    },
    gone: ({ jobId }) => forget(jobId),
  },
  poller: lookout,
  onState: showConnection,
});
const gate = new Gate({
  onEnter: (who) => {
    jobs.open(who.userId);
    allowance.open();
    say(find("account"), common.account(who.plan));
    for (const view of Object.values(views)) view.open?.(who);
    routes.open();
    stream.start(who.userId);
  },
  /** Nothing of one person's stays for the next to log in. */
  onLeave: () => {
    stream.stop();
    routes.close();
    jobs.close();
    allowance.close();
    for (const view of Object.values(views)) view.clear?.();
  },
});

await gate.begin();
