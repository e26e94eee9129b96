/** The built-in strategies by their ids: what each is called and does, and labels of its parameters by name. */

export const strategies = {
  "32db9dd7-f165-4486-9e09-17bac3d3bc88": {
    title: "볼린저 밴드 회귀",
    description: "종가가 볼린저 밴드 하단 위로 되돌아오면 사고, 중심선에 닿으면 팝니다.",
    labels: { length: "기간", deviations: "표준편차 배수" },
  },
  "5d0a1e0e-6f0b-4c1b-9a53-2f5b7c3a9e10": {
    title: "매수 후 보유",
    description: "첫날 다음 시가에 사서 팔지 않습니다. 다른 모든 전략이 견주어야 할 기준입니다.",
    labels: {},
  },
  "4c38b861-2335-497e-8b62-024616794bdc": {
    title: "돈치안 돌파",
    description: "종가가 이전 봉들의 최고가를 넘으면 사고, 최저가 아래로 내려가면 팝니다. 터틀 트레이더의 규칙입니다.",
    labels: { entry_length: "진입 기간", exit_length: "청산 기간" },
  },
  "4c41e1a1-9b5d-4d9d-a2aa-bd7870c1488e": {
    title: "EMA 교차",
    description: "단기 지수 이동평균이 장기를 위로 지나면 사고, 아래로 지나면 팝니다. 단순 이동평균보다 빨리 돌아서고, 그만큼 자주 속습니다.",
    labels: { fast: "단기 기간", slow: "장기 기간" },
  },
  "115a668b-fca2-4952-abf1-cb56bf4f8d04": {
    title: "MACD",
    description: "MACD선이 시그널선을 위로 지나면 사고, 아래로 지나면 팝니다.",
    labels: { fast: "단기 기간", slow: "장기 기간", signal: "시그널 기간" },
  },
  "576e69e0-6a38-469f-a1b5-1a5b2d280291": {
    title: "모멘텀 (ROC)",
    description: "몇 달 동안의 가격 변화율(%)이 기준보다 높은 동안 보유합니다.",
    labels: { length: "기간", threshold: "기준 (%)" },
  },
  "36f8c9e3-adb7-4dba-9a3b-cdddf109834a": {
    title: "RSI 회귀",
    description: "RSI가 과매도 구간에서 다시 올라오면 사고, 과매수 구간에서 내려오면 팝니다.",
    labels: { length: "기간", oversold: "과매도 기준", overbought: "과매수 기준" },
  },
  "123e4567-e89b-12d3-a456-426614174000": {
    title: "SMA 교차",
    description: "단기 이동평균이 장기를 위로 지나면 사고, 아래로 지나면 팝니다.",
    labels: { fast: "단기 기간", slow: "장기 기간" },
  },
  "8ed24b19-e8b1-448d-ba7d-20ba065a86c8": {
    title: "슈퍼트렌드",
    description: "슈퍼트렌드가 위로 돌아서면 사고, 아래로 돌아서면 팝니다. ATR의 몇 배 거리에서 가격을 따라가는 선입니다.",
    labels: { length: "기간", multiple: "ATR 배수" },
  },
};
