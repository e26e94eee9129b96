/** The page, put together: who is here, what they asked for, how it goes. */

import { session } from "./api.js";
import { find, say } from "./dom.js";
import { Jobs, isFinal } from "./jobs.js";
import { Login } from "./login.js";
import { Runs, title } from "./runs.js";
import { Feed } from "./stream.js";
import { words } from "./strings.js";
import { Ticket } from "./form.js";

for (const place of document.querySelectorAll("[data-text]")) place.textContent = words[place.dataset.text];
find("parameters").setAttribute("aria-label", words.parameters);
document.title = words.product;

const jobs = new Jobs((job, before) => {
  runs.show(job);
  if (!before || isFinal(before) || !isFinal(job)) return;
  announce(words.announce(title(job), words.inWords[job.status]));
});
const runs = new Runs(jobs, { onUnauthorized: ended });
const ticket = new Ticket({
  onQueued: (jobId, facts) => {
    if (!jobs.isOpen) return;
    jobs.expect(jobId, facts);
    runs.want(jobId);
    announce(words.queued(title(jobs.get(jobId))));
  },
  onUnauthorized: ended,
});
const login = new Login({ onSession: enter });
const feed = new Feed({
  onJob: (job) => jobs.hear(job),
  onGone: (jobId) => {
    jobs.forget(jobId);
    runs.remove(jobId);
  },
  onState: showConnection,
  onCaughtUp: () => runs.settle(),
  onUnauthorized: ended,
  unfinished: () => jobs.unfinished(),
});

find("logout").addEventListener("click", async () => {
  try {
    await session.end();
    leave(words.loggedOut);
  } catch (refusal) {
    announce(refusal.message);
  }
});
window.addEventListener("hashchange", () => codeInAddress() && begin());
await begin();

function codeInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("code");
}

async function begin() {
  const code = codeInAddress();
  // Out of the address before anything else: it may be shown, copied or saved.
  if (code !== null) history.replaceState(null, "", location.pathname);
  try {
    enter(code === null ? await session.show() : await session.byCode(code));
  } catch (refusal) {
    await explain(code, refusal);
  }
}

async function explain(code, refusal) {
  if (code === null) {
    leave(refusal.isUnauthorized ? "" : refusal.message);
    return;
  }
  // A login address opened twice: whoever is still logged in need not be told.
  try {
    enter(await session.show());
  } catch {
    leave(refusal.isUnauthorized ? words.codeRefused : refusal.message);
  }
}

function enter(who) {
  empty();
  jobs.open();
  say(find("account"), words.account(who.plan));
  find("logout").hidden = false;
  find("desk").hidden = false;
  login.hide();
  ticket.load();
  feed.start();
}

function ended() {
  leave(words.sessionEnded);
}

function leave(why) {
  empty();
  for (const id of ["desk", "logout", "account", "connection"]) find(id).hidden = true;
  login.show(why);
}

/** Nothing of one person's stays for the next to log in. */
function empty() {
  feed.stop();
  jobs.close();
  runs.clear();
}

function showConnection(state) {
  const place = find("connection");
  place.dataset.state = state;
  say(place, words.connection[state]);
}

function announce(sentence) {
  find("announcer").textContent = sentence;
}
