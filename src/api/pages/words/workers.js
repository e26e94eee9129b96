/** Words of the operators' workers. */

import { chosen } from "../common/language.js";

export const en = {
  summary: (workers, busy, slots) => `${workers} live, ${busy} of ${slots} slots busy`,
  empty: "No live worker: jobs wait and none runs. Start one where the database is reached, with DATABASE_URL set:",
  emptyHint: "A worker serves one queue; PGQUEUE_QUEUE names another than “backtest”, PGQUEUE_SLOTS says how many jobs it runs at once.",
  mixed: (versions) => `Workers of several releases run together: ${versions}. Fine during an upgrade, not for long.`,
  process: (pid) => `process ${pid}`,
  queue: "Queue",
  version: "Version",
  memory: "Memory",
  memoryHint: "The worker process and its children together",
  since: "Up for",
  beat: "Last beat",
  busy: (busy, slots) => `${busy} of ${slots} slots busy`,
  draining: "Draining: finishes what it runs and takes nothing more",
  free: "free",
  slotsOf: (host, pid) => `Slots of ${host}, process ${pid}`,
  attempt: (n) => `attempt ${n}`,
  left: (span) => `about ${span} left`,
  runningFor: "for",
  progressOf: (name) => `Progress of ${name}`,
  gone: "Gone while you looked",
  goneHint: "Stopped, or its lease lapsed; what it ran is given back and runs again elsewhere.",
};

export const ko = {
  summary: (workers, busy, slots) => `워커 ${workers}개, 슬롯 ${slots}개 중 ${busy}개 사용 중`,
  empty: "살아 있는 워커가 없어 작업이 대기만 합니다. 데이터베이스에 닿는 곳에서 DATABASE_URL을 설정하고 시작하세요:",
  emptyHint: "워커 하나가 대기열 하나를 맡습니다. PGQUEUE_QUEUE로 “backtest” 외의 대기열을, PGQUEUE_SLOTS로 동시 실행 수를 정합니다.",
  mixed: (versions) => `여러 릴리스의 워커가 함께 실행 중입니다: ${versions}. 업그레이드 동안은 괜찮지만 오래 두지 마세요.`,
  process: (pid) => `프로세스 ${pid}`,
  queue: "대기열",
  version: "버전",
  memory: "메모리",
  memoryHint: "워커 프로세스와 자식 프로세스의 합",
  since: "가동 시간",
  beat: "마지막 신호",
  busy: (busy, slots) => `슬롯 ${slots}개 중 ${busy}개 사용 중`,
  draining: "종료 준비 중: 실행 중인 작업만 마치고 새 작업은 받지 않음",
  free: "비어 있음",
  slotsOf: (host, pid) => `${host} 프로세스 ${pid}의 슬롯`,
  attempt: (n) => `${n}번째 시도`,
  left: (span) => `약 ${span} 남음`,
  runningFor: "실행",
  progressOf: (name) => `${name} 진행률`,
  gone: "보는 동안 사라진 워커",
  goneHint: "종료했거나 임대가 만료되었습니다. 실행하던 작업은 되돌려져 다른 곳에서 다시 실행됩니다.",
};

export const words = chosen({ en, ko });
