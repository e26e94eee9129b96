/** Warnings of results by their codes, with their figures. */

import { change, whole } from "../../common/format.js";

export const warnings = {
  PARTLY_COVERED: ({ dataStart, dataEnd }) => `가격이 ${dataStart}부터 ${dataEnd}까지만 있어, 결과는 그 기간에 대한 것입니다.`,
  CLOSE_ONLY: () => "종가만 있습니다. 시가·고가·저가가 종가와 같으므로 시가 체결도 종가로 이루어집니다.",
  SHORT_WARM_UP: ({ lookBack, warmUp, dataStart }) =>
    `규칙은 이전 봉 ${whole(lookBack)}개를 보는데 ${dataStart} 이전에는 ${whole(warmUp)}개뿐이라, 첫 신호가 그만큼 늦습니다.`,
  RUINED: ({ when }) => `${when}에 자산이 0이 되어 실행이 거기서 끝났습니다.`,
  REDUCED: ({ orders }) => `현금이 모자라 주문 ${whole(orders)}건이 요청보다 적은 수량으로 체결되었습니다.`,
  REJECTED_SIZE: ({ orders }) => `주문 ${whole(orders)}건은 거래 단위에 못 미쳐 체결되지 않았습니다.`,
  REJECTED_CASH: ({ orders }) => `주문 ${whole(orders)}건은 쓸 현금이 없어 체결되지 않았습니다.`,
  REJECTED_NO_STOP: ({ orders }) => `주문 ${whole(orders)}건은 위험을 잴 손절 가격이 없어 체결되지 않았습니다.`,
  REJECTED_NOT_FINITE: ({ orders }) => `주문 ${whole(orders)}건은 수량이 계산할 수 없을 만큼 커서 체결되지 않았습니다.`,
  REJECTED_END_OF_DATA: ({ orders }) => `주문 ${whole(orders)}건은 다음 시가를 기다리는 중에 가격이 끝나 체결되지 않았습니다.`,
  LOOK_BACK_EXCEEDS_DATA: ({ lookBack, bars }) =>
    `규칙은 이전 봉 ${whole(lookBack)}개를 보는데 봉이 ${whole(bars)}개뿐이라 한 번도 판단되지 않았습니다. 기간을 늘리거나 규칙의 길이를 줄이세요.`,
  NEVER_ENTERED: () => "진입 규칙이 한 번도 참이 되지 않아 거래가 없었습니다.",
  FEW_TRADES: ({ trades, least }) => `끝난 거래가 ${whole(trades)}건뿐입니다. 실력과 운을 가리려면 ${whole(least)}건 이상이 필요합니다.`,
  ONE_TRADE_MADE_ALL_PROFIT: () => "이익이 모두 한 거래에서 나왔습니다. 그 거래가 없었다면 손실이었습니다.",
  WORSE_THAN_BUY_AND_HOLD: ({ totalReturn, held }) =>
    `수익률은 ${change(totalReturn)}입니다. 첫 봉에 사서 보유했다면 비용을 빼기 전 ${change(held)}\u2060였습니다.`,
  CLOSE_ONLY_STOPS: () => "종가만 있어 손절·익절이 고가와 저가를 보지 못합니다. 실제 시장보다 늦게, 다른 가격에 체결됩니다.",
  AMBIGUOUS_BARS: ({ bars }) => `봉 ${whole(bars)}개에서 손절과 익절이 모두 닿을 수 있었고, 손절로 처리했습니다.`,
  NOT_SPLIT: ({ from }) => `${from} 앞뒤 모두에 잴 것이 있지는 않아, 실행을 나누지 않았습니다.`,
  BENCHMARK_NOT_COVERED: ({ benchmark, symbol }) => `${benchmark} 가격이 ${symbol}보다 늦게 시작해 알파와 베타가 없습니다.`,
};
