"""Price files: what is read, and what a refusal says."""

import gzip
from pathlib import Path

import pytest

from engine import price_file, sample
from engine.errors import FileRefused
from engine.timeframes import iso_time


def read(text: str, timeframe: str = "1d") -> object:
    return price_file.read(text.encode(), name="prices.csv", timeframe=timeframe)


def test_ohlcv_closes_and_gzip_are_read(tmp_path: Path) -> None:
    whole = "Date,Open,High,Low,Close,Volume\n2020-01-02,1,3,1,2,10\n\n2020-01-03,2,4,2,3,20\n"
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(whole.encode()))
    bars = price_file.read_path(path, "1d")
    assert (bars.high.tolist(), bars.volume.tolist(), iso_time(int(bars.time[1]))) == (
        [3, 4],
        [10, 20],
        "2020-01-03T00:00:00Z",
    )
    closes = price_file.read(b"\xef\xbb\xbfdate,close\r\n2020-01-02,2\r\n", name="x", timeframe="1d")
    assert closes.close_only


def test_daily_bars_are_stamped_with_their_date_whatever_the_hour_beside_it() -> None:
    bars = price_file.read(b"time,close\n2020-01-02 16:00:00-05:00,2\n", name="x", timeframe="1d")
    assert iso_time(int(bars.time[0])) == "2020-01-02T00:00:00Z"


def test_minute_bars_keep_their_moment() -> None:
    bars = price_file.read(b"time,close\n2020-01-02T09:30:00-05:00,2\n", name="x", timeframe="1m")
    assert iso_time(int(bars.time[0])) == "2020-01-02T14:30:00Z"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("date,close\n2020-01-02,1\n2020-01-02,2\n", "line 3: the same time as the line before.*Remove one"),
        ("date,close\n2020-01-03,1\n2020-01-02,2\n", "line 3: earlier than the line before.*Sort"),
        ("date,close\n2020-01-02,1\n\n2020-01-03,nan\n", "line 4: close is 'nan'. Give a number or remove"),
        ("date,close\n2020-01-02,\n", "line 2: close is ''"),
        ("date,close\n2020-01-02,-1\n", "line 2: .* is not above zero"),
        ("date,open,high,low,close\n2020-01-02,1,2,3,2\n", "line 2: high is below low"),
        ("date,open,close\n2020-01-02,1,2\n", "line 1: no high and no low column. Give open, high, low and close"),
        ("date,price\n2020-01-02,1\n", "line 1: no close column"),
        ("day,close\n2020-01-02,1\n", "line 1: no date or time column"),
        ("date,close\n02.01.2020,1\n", "line 2: '02.01.2020' is not a date. Write 2020-01-31"),
        ("date,close\n2020-01-02,1,5\n", "line 2: 3 values for 2 columns"),
        ("date,close\n", "line 1: no rows below the header"),
        ("", "line 1: no date or time column"),
    ],
)
def test_a_refusal_names_the_line_and_the_mend(text: str, sentence: str) -> None:
    with pytest.raises(FileRefused, match=f"prices.csv, {sentence}"):
        read(text)


def test_a_minute_bar_without_an_offset_is_refused() -> None:
    with pytest.raises(FileRefused, match="line 2: '2020-01-02 09:30' has no UTC offset"):
        read("time,close\n2020-01-02 09:30,1\n", "1m")


@pytest.mark.parametrize("data", [b"\x1f\x8bnot gzip", b"date,close\n\xff\xfe,1\n", b"\x00"])
def test_what_is_no_csv_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefused, match=r"prices\.csv, line 1"):
        price_file.read(data, name="prices.csv", timeframe="1d")


@pytest.mark.parametrize("bundled", sample.samples(), ids=lambda bundled: bundled.symbol)
def test_every_bundled_file_is_what_its_metadata_says(bundled: sample.Sample) -> None:
    prices = bundled.read()
    assert prices.bars.close_only == bundled.close_only
    assert len(prices.bars) == (8_313 if bundled.close_only else 5_031)
