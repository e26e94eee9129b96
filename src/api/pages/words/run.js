/** Words of a run at its own address. */

import { chosen } from "../common/language.js";

export const en = {
  copyAddress: "Copy address",
  openAddress: "Open on its own",
  change: "Change and run again",
  again: "Run again",
  compare: "Compare with…",
  backToSweep: "All combinations",
  bestOf: (rank) => `No. ${rank} of its sweep`,
  sweep: "Sweep",
  facts: (start, end, capital) => `${start} – ${end} with ${capital}`,
  createdAt: (time) => `Asked for ${time}`,
  missing: "There is no such run here. It was deleted, its address is incomplete, or it belongs to another account.",
  toRuns: "Go to your runs",
  lost: (why) => `The run could not be loaded. ${why}`,
  progressOf: (title) => `Progress of ${title}`,
  running: (time) => `running for ${time}`,
  whatToDo: "Change what it asks for, or run it again as it is.",
  resultComes: "The result shows here as soon as it is there; you may leave the page meanwhile.",
};

export const ko = {
  copyAddress: "주소 복사",
  openAddress: "따로 열기",
  change: "바꿔서 다시 실행",
  again: "다시 실행",
  compare: "비교하기…",
  backToSweep: "모든 조합",
  bestOf: (rank) => `스윕의 ${rank}위`,
  sweep: "스윕",
  facts: (start, end, capital) => `${start} – ${end}, 자본 ${capital}`,
  createdAt: (time) => `${time} 요청`,
  missing: "이 실행은 여기에 없습니다. 삭제되었거나, 주소가 완전하지 않거나, 다른 계정의 것입니다.",
  toRuns: "내 실행으로 가기",
  lost: (why) => `실행을 불러오지 못했습니다. ${why}`,
  progressOf: (title) => `${title} 진행률`,
  running: (time) => `${time}째 실행 중`,
  whatToDo: "내용을 바꾸거나 그대로 다시 실행하세요.",
  resultComes: "결과가 나오면 바로 여기에 보입니다. 그동안 다른 화면으로 가도 됩니다.",
};

export const words = chosen({ en, ko });
