/** Words of the operators' head; each view has a table of its own. */

import { chosen } from "../common/language.js";

export const en = {
  product: "Operations",
  skip: "Skip to the view",
  views: "Views",
  overview: "Overview",
  jobs: "Jobs",
  queues: "Queues",
  workers: "Workers",
  accounts: "Accounts",
  audit: "Audit",
  doctor: "Doctor",
  readOnly: "You may look at everything here and change nothing.",
  notOperatorTitle: "For operators",
  notOperator: "This page is for operators. Your account is not one; your own runs are on the other page.",
  notOperatorHint: "Whoever runs the service makes you one: pgqueue keys role admin --user, and your user id.",
  yourRuns: "Your runs",
  roles: { admin: "operator", read_only_admin: "read-only operator" },

  alerts: "Notices",
  ago: (span) => `${span} ago`,
  copy: "Copy",
  noWorker: "No live worker takes jobs: none starts until there is one. Start it where the database is reached:",
  unserved: (queues) => `Jobs wait and no worker takes them: ${queues}. Start one:`,
  pausedQueues: (queues) => `Paused: ${queues}. Nothing starts there until it is resumed.`,
  toQueues: "Queues",

  keys: "Keyboard shortcuts",
  keysOfJobs: "Among jobs",
  keysOn: "Single keys lead somewhere",
  seek: "Search jobs",

  /** Of a member of an address, by its name there. */
  wrong: {
    oneOf: (name, list) => `In this address “${name}” must be one of ${list}.`,
    id: (name) => `In this address “${name}” must be a whole id: 36 characters of digits, letters a to f and dashes.`,
    moment: (name) => `In this address “${name}” must be a time with its zone, such as 2022-12-28T09:30:00Z.`,
    page: (name) => `In this address “${name}” names a page that does not exist. Begin with the newest.`,
    text: (name) => `In this address “${name}” is too long, or holds characters that nothing has.`,
  },
};

export const ko = {
  product: "운영",
  skip: "본문으로 건너뛰기",
  views: "화면",
  overview: "현황",
  jobs: "작업",
  queues: "대기열",
  workers: "워커",
  accounts: "계정",
  audit: "감사 기록",
  doctor: "진단",
  readOnly: "모든 것을 볼 수 있지만 바꿀 수는 없습니다.",
  notOperatorTitle: "운영자 전용",
  notOperator: "운영자를 위한 화면입니다. 이 계정은 운영자가 아닙니다. 내 실행은 다른 화면에 있습니다.",
  notOperatorHint: "운영자 권한은 서비스를 운영하는 사람이 줍니다: pgqueue keys role admin --user 뒤에 사용자 ID.",
  yourRuns: "내 실행",
  roles: { admin: "운영자", read_only_admin: "읽기 전용 운영자" },

  alerts: "알림",
  ago: (span) => `${span} 전`,
  copy: "복사",
  noWorker: "작업을 맡을 워커가 없습니다. 워커가 켜질 때까지 아무 작업도 시작되지 않습니다. 데이터베이스에 닿는 곳에서 시작하세요:",
  unserved: (queues) => `대기 중인 작업을 맡을 워커가 없습니다: ${queues}. 워커를 시작하세요:`,
  pausedQueues: (queues) => `일시 정지됨: ${queues}. 재개할 때까지 아무 작업도 시작되지 않습니다.`,
  toQueues: "대기열",

  keys: "키보드 단축키",
  keysOfJobs: "작업 목록에서",
  keysOn: "단축키 사용",
  seek: "작업 검색",

  wrong: {
    oneOf: (name, list) => `이 주소의 “${name}”에는 다음 중 하나를 써야 합니다: ${list}.`,
    id: (name) => `이 주소의 “${name}”에는 숫자, a~f, 하이픈으로 된 36자 ID 전체를 써야 합니다.`,
    moment: (name) => `이 주소의 “${name}”에는 시간대가 있는 시각을 써야 합니다. 예: 2022-12-28T09:30:00Z.`,
    page: (name) => `이 주소의 “${name}”이(가) 가리키는 페이지가 없습니다. 최신부터 보세요.`,
    text: (name) => `이 주소의 “${name}” 값이 너무 길거나 쓸 수 없는 문자가 있습니다.`,
  },
};

export const words = chosen({ en, ko });
