/** Words of a result. */

import { chosen } from "../common/language.js";

export const en = {
  loadingResult: "Loading the result…",
  resultLost: (why) => `The result could not be loaded. ${why}`,
  resultOf: (title) => `Result of ${title}`,
  totalReturn: "Return",
  finalEquity: "Final equity",
  pricesEnd: (day) => `prices end ${day}`,
  pricesStart: (day) => `prices start ${day}`,
  coverage: (bars, timeframe, start, end) => `${bars} ${timeframe} bars, ${start} to ${end}`,
  source: (text) => `Source: ${text}.`,
  metrics: {
    sharpeRatio: ["Sharpe ratio", "Return for each unit of risk, per year"],
    cagr: ["Yearly growth", "Compound annual growth rate (CAGR)"],
    maxDrawdown: ["Max drawdown", "Deepest fall from a peak of equity"],
    winRate: ["Win rate", "Share of closed trades with a profit"],
    totalTrades: ["Closed trades", "Entries that were followed by an exit"],
    profitFactor: ["Profit factor", "Sum of profits over sum of losses"],
  },
  stillOpen: (n) => `${n} more still open at the end`,
  notes: {
    NO_TRADES: "No trade was closed, so there is nothing to measure.",
    ZERO_VARIANCE: "Equity never varied, so risk is zero.",
    TOO_SHORT: "Too few days to compute it.",
    SHORT_SAMPLE: "From a short sample; take it with care.",
    NO_LOSING_TRADES: "No trade lost, so there is nothing to divide by.",
    RUINED_AT: "Equity reached zero.",
    NON_FINITE: "The number is too large to say.",
  },
  undefinedMetric: "Not defined for this run.",

  equity: "Equity",
  drawdown: "Drawdown",
  startCapital: "start",
  chartTitle: (title) => `Equity of ${title}`,
  chartSays: (start, first, end, last, deepest) =>
    `From ${first} on ${start} to ${last} on ${end}; the deepest drawdown was ${deepest}. Arrow keys read it point by point.`,
  reading: (day, equity, drawdown) => `${day}: equity ${equity}, drawdown ${drawdown}`,
  noCurve: "There is no curve to draw: the run has fewer than two bars.",

  trades: (shown, total) => (shown < total ? `Trades, ${shown} of ${total}` : `Trades, ${total}`),
  tradeTable: "Table of trades",
  noTrades: "The rules never opened a trade in these prices.",
  moreTrades: "Show more trades",
  csv: "All trades as CSV",
  columns: ["Side", "Entry", "Price", "Exit", "Price", "Units", "Profit", "Return"],
  sides: { long: "Long", short: "Short" },
  open: "open",
};

export const ko = {
  loadingResult: "결과를 불러오는 중…",
  resultLost: (why) => `결과를 불러오지 못했습니다. ${why}`,
  resultOf: (title) => `${title} 결과`,
  totalReturn: "수익률",
  finalEquity: "최종 자산",
  pricesEnd: (day) => `가격은 ${day}까지`,
  pricesStart: (day) => `가격은 ${day}부터`,
  coverage: (bars, timeframe, start, end) => `${timeframe} 봉 ${bars}개, ${start} – ${end}`,
  source: (text) => `출처: ${text}.`,
  metrics: {
    sharpeRatio: ["샤프 비율", "위험 한 단위당 연간 수익"],
    cagr: ["연평균 성장률", "복리로 계산한 연간 수익률(CAGR)"],
    maxDrawdown: ["최대 낙폭", "자산이 고점에서 가장 크게 떨어진 폭"],
    winRate: ["승률", "이익으로 끝난 거래의 비율"],
    totalTrades: ["끝난 거래", "진입 뒤 청산까지 된 거래"],
    profitFactor: ["손익비", "이익의 합을 손실의 합으로 나눈 값"],
  },
  stillOpen: (n) => `종료 시점에 ${n}개 더 보유 중`,
  notes: {
    NO_TRADES: "끝난 거래가 없어 잴 것이 없습니다.",
    ZERO_VARIANCE: "자산이 변하지 않아 위험이 0입니다.",
    TOO_SHORT: "계산하기에는 기간이 너무 짧습니다.",
    SHORT_SAMPLE: "표본이 적으니 조심해서 보세요.",
    NO_LOSING_TRADES: "손실 거래가 없어 나눌 값이 없습니다.",
    RUINED_AT: "자산이 0이 되었습니다.",
    NON_FINITE: "값이 너무 커서 나타낼 수 없습니다.",
  },
  undefinedMetric: "이 실행에서는 정의되지 않습니다.",

  equity: "자산",
  drawdown: "낙폭",
  startCapital: "시작",
  chartTitle: (title) => `${title}의 자산`,
  chartSays: (start, first, end, last, deepest) =>
    `${start}의 ${first}에서 ${end}의 ${last}까지. 가장 큰 낙폭은 ${deepest}. 화살표 키로 한 점씩 읽습니다.`,
  reading: (day, equity, drawdown) => `${day}: 자산 ${equity}, 낙폭 ${drawdown}`,
  noCurve: "그릴 곡선이 없습니다. 봉이 두 개보다 적습니다.",

  trades: (shown, total) => (shown < total ? `거래 ${total}개 중 ${shown}개` : `거래 ${total}개`),
  tradeTable: "거래 표",
  noTrades: "이 가격에서는 규칙이 거래를 열지 않았습니다.",
  moreTrades: "거래 더 보기",
  csv: "모든 거래를 CSV로",
  columns: ["방향", "진입", "가격", "청산", "가격", "수량", "손익", "수익률"],
  sides: { long: "매수", short: "매도" },
  open: "보유 중",
};

export const words = chosen({ en, ko });
