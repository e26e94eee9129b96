// The field's load profile for k6: ramp to 50 users in one minute, 100 in two, hold for three, down; one request a
// second each. A user presses "run", looks once a second until the run has ended, and presses again.
//   k6 run -e URL=http://127.0.0.1:8000 -e KEYS=keys.txt deploy/k6/load.js
// keys.txt: API keys, one a line (pgqueue keys create --plan pro --json).
import http from "k6/http";
import { check, sleep } from "k6";
import { SharedArray } from "k6/data";

const keys = new SharedArray("keys", () => open(__ENV.KEYS).trim().split("\n"));
const url = `${__ENV.URL || "http://127.0.0.1:8000"}/api/backtest/queue`;
const body = JSON.stringify({
  strategyId: "123e4567-e89b-12d3-a456-426614174000",
  params: { symbol: "AAPL", startDate: "2020-01-01", endDate: "2022-12-28", initialCapital: 10000 },
  priority: 5,
});

export const options = {
  stages: [
    { duration: "1m", target: 50 },
    { duration: "1m", target: 100 },
    { duration: "3m", target: 100 },
    { duration: "30s", target: 0 },
  ],
  thresholds: { http_req_failed: ["rate==0"], "http_req_duration{name:run}": ["p(95)<50"] },
};

let job = null;

export default function () {
  const began = Date.now();
  const headers = { Authorization: `Bearer ${keys[__VU % keys.length]}`, "Content-Type": "application/json" };
  if (job === null) {
    const answer = http.post(url, body, { headers, tags: { name: "run" } });
    if (check(answer, { "queued": (r) => r.status === 200 })) job = answer.json("jobId");
  } else {
    const answer = http.get(`${url}/${job}`, { headers, tags: { name: "look" } });
    check(answer, { "seen": (r) => r.status === 200 });
    if (["completed", "failed", "cancelled"].includes(answer.json("status"))) job = null;
  }
  sleep(Math.max(0, 1 - (Date.now() - began) / 1000));
}
