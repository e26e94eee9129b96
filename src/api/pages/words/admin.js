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
  notOperator: "This page is for operators. Your account is not one; your own runs are on the other page.",
  yourRuns: "Your runs",
  roles: { admin: "operator", read_only_admin: "read-only operator" },
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
  notOperator: "운영자를 위한 화면입니다. 이 계정은 운영자가 아닙니다. 내 실행은 다른 화면에 있습니다.",
  yourRuns: "내 실행",
  roles: { admin: "운영자", read_only_admin: "읽기 전용 운영자" },
};

export const words = chosen({ en, ko });
