/** Why a run failed, by the error's type, as traders read it: what they can do is not what an operator could. */

import { whole } from "../common/format.js";
import { chosen } from "../common/language.js";

export const en = {
  UnknownSymbol: ({ symbol, timeframe }) =>
    `There are no ${timeframe} prices of ${symbol} here. Choose another symbol, or ask the operator to add it.`,
  PricesNotFetched: ({ symbol }) => `The prices of ${symbol} could not be fetched. Try later, or choose another symbol.`,
  FileRefused: "The prices that were fetched for it cannot be read. Choose another symbol, or tell the operator.",
  BarsRefused: "The prices that were fetched for it cannot be true. Choose another symbol, or tell the operator.",
  RangeNotCovered: ({ symbol, first, last }) =>
    `There are no prices of ${symbol} on these days: they are from ${first} to ${last}. Choose dates in that range.`,
  GridTooLarge: ({ count, limit }) =>
    `The sweep asks for ${whole(count)} combinations, and ${whole(limit)} are allowed. Take larger steps or fewer parameters.`,
  TooManyBars: ({ limit }) =>
    `There are more than ${whole(limit)} bars in this range. Choose a shorter one, or a coarser timeframe.`,
  ResultNotFinite: ({ symbol, when }) =>
    `Equity grew beyond what a number can hold on ${when}: prices of ${symbol} may be wrong there. Choose other dates, or tell the operator.`,
  TimeLimitExceeded: ({ limitSeconds }) =>
    `It took longer than the ${limitSeconds} s that a run may. Ask for less: a shorter range, or fewer combinations.`,
  MemoryLimitExceeded: ({ limitMegabytes }) =>
    `It needed more than the ${whole(limitMegabytes)} MB of memory that a run may. Ask for less: a shorter range, or fewer combinations.`,
  MemoryError: "There was no memory left for it. Ask for less, or try later.",
  ResultTooLarge: "Its result is larger than what is kept. Ask for less: a shorter range, or fewer combinations.",
  OperationalError: "Prices could not be read, as the database did not answer. Try later; if it stays, tell the operator.",
  DatabaseUnset: "The worker knows no database with prices. Tell the operator.",
  UnknownKind: "No worker here does runs of this kind. Tell the operator.",
  SnoozedTooOften: "It waited for something that never came. Tell the operator.",
  Crashed: "The process that ran it ended before its time. If it happens again, tell the operator.",
  WorkerDied: "The worker that ran it stopped answering. If it happens again, tell the operator.",
};

export const ko = {
  UnknownSymbol: ({ symbol, timeframe }) =>
    `여기에는 ${symbol}의 ${timeframe} 가격이 없습니다. 다른 종목을 고르거나 관리자에게 추가를 요청하세요.`,
  PricesNotFetched: ({ symbol }) => `${symbol} 가격을 가져오지 못했습니다. 나중에 다시 시도하거나 다른 종목을 고르세요.`,
  FileRefused: "가져온 가격을 읽을 수 없습니다. 다른 종목을 고르거나 관리자에게 알리세요.",
  BarsRefused: "가져온 가격이 맞지 않습니다. 다른 종목을 고르거나 관리자에게 알리세요.",
  RangeNotCovered: ({ symbol, first, last }) =>
    `이 기간에는 ${symbol} 가격이 없습니다. 가격은 ${first}부터 ${last}까지 있습니다. 그 안에서 기간을 고르세요.`,
  GridTooLarge: ({ count, limit }) =>
    `스윕의 조합이 ${whole(count)}개인데 한도는 ${whole(limit)}개입니다. 간격을 늘리거나 매개변수를 줄이세요.`,
  TooManyBars: ({ limit }) => `이 기간의 봉이 ${whole(limit)}개를 넘습니다. 기간을 줄이거나 더 큰 봉을 고르세요.`,
  ResultNotFinite: ({ symbol, when }) =>
    `${when}에 자산이 숫자로 나타낼 수 없을 만큼 커졌습니다. 그때의 ${symbol} 가격이 틀렸을 수 있습니다. 다른 기간을 고르거나 관리자에게 알리세요.`,
  TimeLimitExceeded: ({ limitSeconds }) =>
    `실행 시간 한도 ${limitSeconds}초를 넘었습니다. 기간을 줄이거나 조합을 줄이세요.`,
  MemoryLimitExceeded: ({ limitMegabytes }) =>
    `실행의 메모리 한도 ${whole(limitMegabytes)}MB를 넘었습니다. 기간을 줄이거나 조합을 줄이세요.`,
  MemoryError: "실행에 쓸 메모리가 남아 있지 않았습니다. 요청을 줄이거나 나중에 다시 시도하세요.",
  ResultTooLarge: "결과가 저장할 수 있는 크기를 넘었습니다. 기간을 줄이거나 조합을 줄이세요.",
  OperationalError: "데이터베이스가 응답하지 않아 가격을 읽지 못했습니다. 나중에 다시 시도하고, 계속되면 관리자에게 알리세요.",
  DatabaseUnset: "워커가 가격 데이터베이스를 모릅니다. 관리자에게 알리세요.",
  UnknownKind: "이런 실행을 맡을 워커가 없습니다. 관리자에게 알리세요.",
  SnoozedTooOften: "기다리던 것이 끝내 오지 않았습니다. 관리자에게 알리세요.",
  Crashed: "실행하던 프로세스가 갑자기 끝났습니다. 다시 일어나면 관리자에게 알리세요.",
  WorkerDied: "실행하던 워커가 응답을 멈췄습니다. 다시 일어나면 관리자에게 알리세요.",
};

export const words = chosen({ en, ko });
