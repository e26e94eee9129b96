/**
 * <backtest-progress job-id="…">: one run's progress, live, in any page of the same site. See docs/page-element.md.
 *
 * Stands alone: a page needs this module and nothing else of ours.
 */

// Wherever a proxy puts the service, this file is below its /static/.
const ROOT = import.meta.url.slice(0, import.meta.url.lastIndexOf("/static/"));
const FINAL = new Set(["completed", "failed", "cancelled"]);
const POLL_MILLISECONDS = 2_000;
const LONGEST_MILLISECONDS = 16_000;
const HELLO_MILLISECONDS = 10_000;
const AGAIN_MILLISECONDS = 30_000;
const ERRORS = 2;

const EN = {
  label: "Backtest progress",
  connecting: "Connecting",
  waiting: "Waiting in queue",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  stopping: "Stopping",
  gone: "There is no such run.",
  login: "Log in to see this run.",
  away: "The server does not answer; trying again.",
  position: (n) => `number ${n} in line`,
  left: (seconds) => (seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`),
};
const KO = {
  label: "백테스트 진행률",
  connecting: "연결 중",
  waiting: "대기 중",
  completed: "완료",
  failed: "실패",
  cancelled: "취소됨",
  stopping: "중지하는 중",
  gone: "이 실행은 없습니다.",
  login: "이 실행을 보려면 로그인하세요.",
  away: "서버가 응답하지 않아 다시 시도합니다.",
  position: (n) => `대기 순번 ${n}`,
  left: (seconds) => (seconds < 90 ? `약 ${seconds}초 남음` : `약 ${Math.round(seconds / 60)}분 남음`),
};

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: block; font: inherit; color: var(--backtest-progress-ink, inherit); }
  :host([hidden]) { display: none; }
  .line { display: flex; justify-content: space-between; gap: 1em; font-variant-numeric: tabular-nums; }
  .bar { height: var(--backtest-progress-height, 6px); margin: .35em 0; overflow: hidden;
    border-radius: var(--backtest-progress-radius, 3px); background: var(--backtest-progress-track, #8885); }
  .fill { height: 100%; width: 0; background: var(--backtest-progress-fill, #1d4fd7); border-radius: inherit;
    transition: width .25s ease-out; }
  .at-once { transition: none; }
  :host([status=failed]) .fill { background: var(--backtest-progress-failed, #b3261e); }
  :host([status=completed]) .fill { background: var(--backtest-progress-completed, #08734a); }
  .extra { margin: 0; font-size: .875em; min-height: 1.5em; overflow-wrap: anywhere; }
  @media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
  @media (forced-colors: active) { .bar { border: 1px solid; } .fill { background: Highlight; forced-color-adjust: none; } }
`);

export class BacktestProgress extends HTMLElement {
  static observedAttributes = ["job-id", "lang"];

  #job = null;
  #trouble = "";
  #follower = null;
  #parts;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE];
    this.#parts = made(root);
  }

  /** The id of the run that is followed, or ""; another one begins anew, null ends it. */
  get jobId() {
    return this.getAttribute("job-id") ?? "";
  }

  set jobId(jobId) {
    if (jobId) this.setAttribute("job-id", jobId);
    else this.removeAttribute("job-id");
  }

  /** What was heard of it last, as GET /api/backtest/queue/{jobId} answers; null before. */
  get job() {
    return this.#job;
  }

  connectedCallback() {
    document.addEventListener("visibilitychange", this.#seen);
    this.#begin();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#seen);
    this.#end();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "job-id") this.#begin();
    else this.#show();
  }

  #seen = () => (document.hidden ? this.#end() : this.#resume());

  #begin() {
    this.#end();
    this.#job = null;
    this.#trouble = "";
    this.removeAttribute("status");
    this.#show();
    this.#resume();
  }

  /** A hidden page holds no connection: a browser has six for all of an origin's pages. */
  #resume() {
    if (this.#follower || document.hidden || !this.jobId || (this.#job && FINAL.has(this.#job.status))) return;
    const follower = new Follower(this.jobId, this.#language, {
      heard: (job) => this.#follower === follower && this.#hear(job),
      trouble: (word) => this.#follower === follower && this.#say(word),
    });
    this.#follower = follower;
    follower.start();
  }

  #end() {
    this.#follower?.stop();
    this.#follower = null;
  }

  /** Streams and answers overtake each other: a seq that is behind is old news. */
  #hear(job) {
    const before = this.#job;
    this.#trouble = "";
    if (before && job.seq < before.seq) return this.#show();
    this.#job = { ...standing(before, job), ...job };
    this.setAttribute("status", job.status);
    this.#show(before);
    const isFinal = FINAL.has(job.status);
    if (isFinal) this.#end();
    if (before?.seq !== job.seq) this.#tell(isFinal ? job.status : "progress", this.#job);
  }

  #say(word) {
    this.#trouble = word;
    this.#show();
    if (word === "gone" || word === "login") {
      this.#end();
      this.#tell(word, { jobId: this.jobId });
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  get #language() {
    const lang = this.lang || this.closest("[lang]")?.lang || "en";
    return lang.startsWith("ko") ? "ko" : "en";
  }

  #show(before = this.#job) {
    const words = this.#language === "ko" ? KO : EN;
    const { phase, number, bar, fill, extra } = this.#parts;
    const percent = this.#job?.status === "completed" ? 100 : (this.#job?.progress ?? 0);
    put(phase, this.#job ? phaseOf(this.#job, words) : this.jobId && !this.#trouble ? words.connecting : "");
    put(number, this.#job?.status === "processing" ? `${percent}%` : "");
    put(extra, words[this.#trouble] ?? (this.#job ? beside(this.#job, words) : ""));
    // A new attempt begins at 0: that is a fact, not a movement to be watched.
    fill.classList.toggle("at-once", percent < (before?.progress ?? 0));
    fill.style.width = `${percent}%`;
    bar.setAttribute("aria-label", this.getAttribute("aria-label") ?? words.label);
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-valuetext", [phase.textContent, number.textContent, extra.textContent].filter(Boolean).join(", "));
  }
}

/** Asks for one job until it ends: by the stream while it holds, by plain requests while it does not. */
class Follower {
  #path;
  #headers;
  #calls;
  #source = null;
  #life = new AbortController();
  #timers = { hello: 0, poll: 0, again: 0 };
  #errors = 0;
  #failures = 0;
  #etag = null;
  #isLive = false;

  constructor(jobId, language, calls) {
    this.#path = `${ROOT}/api/backtest/queue/${encodeURIComponent(jobId)}`;
    this.#headers = { Accept: "application/json", "Accept-Language": language };
    this.#calls = calls;
  }

  start() {
    this.#poll();
    this.#connect();
  }

  stop() {
    this.#life.abort();
    this.#close();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  #connect() {
    this.#close();
    this.#errors = 0;
    const source = new EventSource(`${this.#path}/events`);
    this.#source = source;
    // A proxy that holds everything back opens the stream and never lets the first event through.
    this.#timers.hello = setTimeout(() => this.#fallBack(), HELLO_MILLISECONDS);
    source.addEventListener("hello", () => this.#greeted());
    source.addEventListener("progress", (event) => this.#calls.heard(JSON.parse(event.data)));
    source.addEventListener("gone", () => this.#calls.trouble("gone"));
    source.addEventListener("error", () => this.#broke(source));
  }

  #greeted() {
    clearTimeout(this.#timers.hello);
    this.#errors = 0;
    this.#isLive = true;
  }

  /** Until the stream is back, what it would have told is asked for. */
  #broke(source) {
    if (source !== this.#source) return;
    this.#errors += 1;
    this.#isLive = false;
    if (source.readyState === EventSource.CLOSED || this.#errors >= ERRORS) this.#fallBack();
    this.#poll();
  }

  /** Tried again now and then, not by all pages at the same moment. */
  #fallBack() {
    this.#close();
    clearTimeout(this.#timers.again);
    this.#timers.again = setTimeout(() => this.#connect(), AGAIN_MILLISECONDS * (0.75 + Math.random() / 2));
  }

  #close() {
    clearTimeout(this.#timers.hello);
    this.#source?.close();
    this.#source = null;
    this.#isLive = false;
  }

  async #poll() {
    clearTimeout(this.#timers.poll);
    const least = await this.#ask();
    if (this.#life.signal.aborted) return;
    clearTimeout(this.#timers.poll);
    // While the stream holds, its word is enough; a slow question beside it hears what it may have missed.
    const pause = this.#isLive ? LONGEST_MILLISECONDS : Math.max(least, this.#pause());
    this.#timers.poll = setTimeout(() => this.#poll(), pause);
  }

  #pause() {
    if (this.#failures === 0) return POLL_MILLISECONDS;
    const longer = Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** (this.#failures - 1));
    return longer * (0.75 + Math.random() / 2);
  }

  /** How long to wait at least before the next question, as the server asks. */
  async #ask() {
    try {
      const headers = this.#etag ? { ...this.#headers, "If-None-Match": this.#etag } : this.#headers;
      const response = await fetch(this.#path, { headers, cache: "no-store", credentials: "same-origin", signal: this.#life.signal });
      if (response.status === 404) return this.#calls.trouble("gone"), 0;
      if (response.status === 401) return this.#calls.trouble("login"), 0;
      if (response.status !== 304 && !response.ok) return this.#failed(response.headers.get("Retry-After"));
      this.#failures = 0;
      this.#etag = response.headers.get("ETag");
      if (response.status === 304) this.#calls.trouble("");
      else this.#calls.heard(await response.json());
      return 0;
    } catch {
      return this.#life.signal.aborted ? 0 : this.#failed(null);
    }
  }

  #failed(retryAfter) {
    this.#failures += 1;
    this.#calls.trouble("away");
    return 1000 * (Number.parseInt(retryAfter ?? "", 10) || 0);
  }
}

/** The place in line is told by single answers alone; events leave it out, and it stays until the run starts. */
function standing(before, job) {
  if (before?.status !== "waiting" || job.status !== "waiting") return {};
  return "position" in before ? { position: before.position } : {};
}

function phaseOf({ status, currentStep, cancelRequested }, words) {
  if (FINAL.has(status)) return words[status];
  if (cancelRequested) return words.stopping;
  return status === "waiting" ? words.waiting : currentStep;
}

function beside({ status, error, position, estimatedTimeRemaining }, words) {
  if (error) return error;
  if (status === "waiting" && position > 0) return words.position(position);
  return status === "processing" && Number.isFinite(estimatedTimeRemaining) ? words.left(Math.max(1, estimatedTimeRemaining)) : "";
}

function made(root) {
  const part = (name, tag, parent) => {
    const element = document.createElement(tag);
    element.className = name;
    element.setAttribute("part", name);
    parent.append(element);
    return element;
  };
  const line = part("line", "div", root);
  const [phase, number] = [part("phase", "span", line), part("number", "span", line)];
  const bar = part("bar", "div", root);
  const fill = part("fill", "div", bar);
  for (const [name, value] of [["role", "progressbar"], ["aria-valuemin", 0], ["aria-valuemax", 100]]) bar.setAttribute(name, value);
  return { phase, number, bar, fill, extra: part("extra", "p", root) };
}

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

customElements.define("backtest-progress", BacktestProgress);
