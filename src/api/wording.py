"""The words for steps and states, in the caller's language."""

from collections.abc import Mapping

from pgqueue import JobSnapshot

LANGUAGES = ("en", "ko")

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "waiting": "Waiting in queue",
        "retrying": "Waiting to try again",
        "starting": "Starting",
        "load": "Loading prices",
        "indicators": "Computing indicators",
        "simulate": "Running backtest",
        "save": "Saving results",
        "cancelling": "Stopping",
        "completed": "Completed",
        "failed": "Failed",
        "cancelled": "Cancelled",
    },
    "ko": {
        "waiting": "대기 중",
        "retrying": "재시도 대기 중",
        "starting": "시작하는 중",
        "load": "가격 데이터 불러오는 중",
        "indicators": "지표 계산 중",
        "simulate": "백테스트 실행 중",
        "save": "결과 저장 중",
        "cancelling": "중지하는 중",
        "completed": "완료",
        "failed": "실패",
        "cancelled": "취소됨",
    },
}


def language_of(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header; English when none is asked for."""
    best, best_quality = "en", 0.0
    for choice in accept_language.split(","):
        tag, _, parameters = choice.strip().partition(";")
        language = tag.split("-")[0].lower()
        quality = _quality(parameters)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def current_step(job: JobSnapshot, language: str) -> str:
    """What the job is doing now, in words. A step we have no words for is named as its handler named it."""
    words = _WORDS[language]
    if job.status == "processing" and job.cancel_requested:
        return words["cancelling"]
    if job.status == "processing":
        return words.get(job.step, job.step) if job.step else words["starting"]
    if job.status == "waiting" and job.error is not None:
        return words["retrying"]
    return words[job.status]
