/** The operators' page, put together. */

import { find, say } from "../common/dom.js";
import { Gate } from "../common/gate.js";
import { Routes, to } from "../common/routes.js";
import { announce, fill, mark, showConnection, skips, switches } from "../common/shell.js";
import { Stream } from "../common/stream.js";
import { words as common } from "../words/common.js";
import { words } from "../words/admin.js";
import { AccountsView } from "./accounts_view.js";
import { Alerts } from "./alerts.js";
import { AuditView } from "./audit_view.js";
import { DoctorView } from "./doctor_view.js";
import { JobsView } from "./jobs_view.js";
import { OverviewView } from "./overview_view.js";
import { QueuesView } from "./queues_view.js";
import { WorkersView } from "./workers_view.js";
import { EVENTS } from "./calls.js";
import { Figures, KINDS } from "./figures.js";
import { help, listen } from "./keys.js";

fill({ ...common, ...words });
switches();
skips(() => find("views"));

const figures = new Figures();
/** Views are given: figures, the newest of everything pushed, and how it comes; who is here (mayChange); ways to say things. */
const shared = {
  figures,
  connection: "connecting",
  mayChange: false,
  announce,
  retitle: () => routes.retitle(),
};
const views = {
  "": new OverviewView(shared),
  jobs: new JobsView(shared),
  queues: new QueuesView(shared),
  workers: new WorkersView(shared),
  accounts: new AccountsView(shared),
  audit: new AuditView(shared),
  doctor: new DoctorView(),
};
const routes = new Routes(find("views"), views, (name) => {
  mark(name);
  const here = document.querySelector(".views-nav [aria-current]");
  // On a phone the links are wider than the screen; the page itself is not to move.
  here?.parentElement.scrollTo({ left: here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2 });
});
const alerts = new Alerts(shared);
const stream = new Stream({
  address: EVENTS,
  events: Object.fromEntries(KINDS.map((kind) => [kind, figures.take(kind)])),
  poller: figures,
  onState: (state) => {
    shared.connection = state;
    showConnection(state);
    alerts.connection(state);
    for (const view of Object.values(views)) view.connection?.(state);
  },
});
const gate = new Gate({
  onEnter: (who) => {
    const isOperator = who.role === "admin" || who.role === "read_only_admin";
    find("stranger").hidden = isOperator;
    for (const place of document.querySelectorAll("[data-operators]")) place.hidden = !isOperator;
    say(find("account"), words.roles[who.role]);
    if (!isOperator) return;
    shared.mayChange = who.role === "admin";
    find("read-only").hidden = shared.mayChange;
    for (const view of Object.values(views)) view.open?.(who);
    routes.open();
    stream.start(who.userId);
  },
  onLeave: () => {
    find("stranger").hidden = true;
    find("read-only").hidden = true;
    stream.stop();
    routes.close();
    figures.clear();
    alerts.clear();
    for (const view of Object.values(views)) view.clear?.();
  },
});

find("keys").addEventListener("click", help);
listen({
  isOpen: () => !find("views").hidden,
  seek: () => {
    // Where it is open it knows best: its own keys lead from a job back to the search.
    if (!views.jobs.element.hidden) return false;
    location.hash = to("jobs");
    // The view is shown once the address has changed.
    setTimeout(() => views.jobs.element.querySelector("input[type=search]")?.focus());
    return true;
  },
});

await gate.begin();
