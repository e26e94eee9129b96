/** The operators' page, put together. */

import { find, say } from "../common/dom.js";
import { Gate } from "../common/gate.js";
import { Routes } from "../common/routes.js";
import { announce, fill, mark, showConnection, switches } from "../common/shell.js";
import { Stream } from "../common/stream.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin.js";
import { AccountsView } from "./accounts_view.js";
import { AuditView } from "./audit_view.js";
import { DoctorView } from "./doctor_view.js";
import { JobsView } from "./jobs_view.js";
import { OverviewView } from "./overview_view.js";
import { QueuesView } from "./queues_view.js";
import { WorkersView } from "./workers_view.js";
import { EVENTS } from "./calls.js";
import { Figures } from "./figures.js";

fill({ ...common, ...words });
switches();

const figures = new Figures({ onUnauthorized: () => gate.ended() });
/** Views are given: figures, the newest of everything pushed; who is here (mayChange); and ways to say things. */
const shared = {
  figures,
  mayChange: false,
  announce,
  onUnauthorized: () => gate.ended(),
  retitle: () => routes.retitle(),
};
const views = {
  "": new OverviewView(shared),
  jobs: new JobsView(shared),
  queues: new QueuesView(shared),
  workers: new WorkersView(shared),
  accounts: new AccountsView(shared),
  audit: new AuditView(shared),
  doctor: new DoctorView(shared),
};
const routes = new Routes(find("views"), views, mark);
const stream = new Stream({
  address: EVENTS,
  events: { stats: figures.take("stats"), queues: figures.take("queues"), workers: figures.take("workers") },
  poller: figures,
  onState: showConnection,
});
const gate = new Gate({
  onEnter: (who) => {
    const isOperator = who.role === "admin" || who.role === "read_only_admin";
    find("stranger").hidden = isOperator;
    find("views").hidden = !isOperator;
    say(find("account"), words.roles[who.role]);
    if (!isOperator) return;
    shared.mayChange = who.role === "admin";
    find("read-only").hidden = shared.mayChange;
    routes.open();
    stream.start(who.userId);
  },
  onLeave: () => {
    find("stranger").hidden = true;
    find("read-only").hidden = true;
    stream.stop();
    routes.close();
    figures.clear();
    for (const view of Object.values(views)) view.clear?.();
  },
});

await gate.begin();
