"""Times as price files write them: ISO 8601, compact dates, numbers since 1970, or a format that the caller names."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from engine.timeframes import is_intraday, nanoseconds

#: Digits of a number since 1970 and the nanoseconds it counts in. Eight digits are a date.
_UNITS = {9: 1_000_000_000, 10: 1_000_000_000, 12: 1_000_000, 13: 1_000_000, 15: 1_000, 16: 1_000, 18: 1, 19: 1}


class TimeRefused(Exception):
    """reason and mend, for a refusal that names the line."""

    def __init__(self, reason: str, mend: str) -> None:
        self.reason = reason
        self.mend = mend
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class TimeReader:
    """format: as of strptime, None for what is recognised by itself. zone: of times that name none themselves."""

    timeframe: str
    format: str | None = None
    zone: ZoneInfo | None = None

    def read(self, text: str) -> int:
        """Nanoseconds UTC. A bar of a day or a week is stamped with its date, whatever the hour or zone beside it."""
        text = text.strip()
        if self.format is None and text.isascii() and text.isdecimal() and len(text) in _UNITS:
            since_1970 = int(text) * _UNITS[len(text)]
            if is_intraday(self.timeframe):
                return since_1970
            written = datetime.fromtimestamp(since_1970 // 1_000_000_000, self.zone or UTC)
        else:
            written = self._parsed(text)
        if not is_intraday(self.timeframe):
            return nanoseconds(datetime.combine(date(written.year, written.month, written.day), time(), UTC))
        return nanoseconds(written if written.tzinfo else self._placed(text, written))

    def _parsed(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text) if self.format is None else datetime.strptime(text, self.format)  # noqa: DTZ007
        except ValueError:
            if self.format is not None:
                raise TimeRefused(
                    f"{text!r} is not of the form {self.format}", "Correct it or --date-format."
                ) from None
            mend = "Write 2020-01-31 or 2020-01-31T09:30:00Z, or name the form: --date-format %d.%m.%Y."
            raise TimeRefused(f"{text!r} is not a date", mend) from None

    def _placed(self, text: str, written: datetime) -> datetime:
        """In the file's zone, where the clock of that zone shows this time once."""
        if self.zone is None:
            mend = (
                "Write 2020-01-31T09:30:00-05:00, end it with Z, or name the file's zone: --times-in America/New_York."
            )
            raise TimeRefused(f"{text!r} has no UTC offset", mend)
        first, second = (written.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            reason = f"{text!r} is twice or never on the clocks of {self.zone.key}, which are set then"
            raise TimeRefused(reason, "Write it with its UTC offset.")
        return first
