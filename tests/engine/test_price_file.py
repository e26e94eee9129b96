"""Price files: what is read, and what a refusal says."""

import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

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
        ("date,value\n2020-01-02,1\n", "line 1: no close column"),
        ("when,close\n2020-01-02,1\n", "line 1: no date or time column"),
        ("date,close\n02.01.2020,1\n", "line 2: '02.01.2020' is not a date. Write 2020-01-31"),
        ("date,close\n2020-01-02,1,5\n", "line 2: 3 values for 2 columns"),
        ("date,close\n", "line 1: no rows below the header"),
        ('date,close\n2020-01-02,"1,500"\n', "line 2: close is '1,500'. Give a number"),
        ("", "line 1: the file is empty"),
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


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("<TICKER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", "X,20200102,1,3,0.5,2,10"),
        ("Date,Open,High,Low,Close,Adj Close,Volume", "2020-01-02,1,3,0.5,2,1.7,10"),
        ("timestamp,open,high,low,close,volume", "1577923200,1,3,0.5,2,10"),
        ("Open Time,O,H,L,C,V", "1577923200000,1,3,0.5,2,10"),
        ("Date,Close/Last,Volume,Open,High,Low", "2020-01-02,2,10,1,3,0.5"),
        ("Trade_Date,Open_Price,High_Price,Low_Price,Close_Price,Volume", "2020-01-02 00:00:00,1,3,0.5,2,10"),
    ],
)
def test_columns_are_known_by_the_names_that_files_have(header: str, row: str) -> None:
    bars = price_file.read(f"{header}\n{row}\n".encode(), name="x", timeframe="1d")
    assert iso_time(int(bars.time[0])) == "2020-01-02T00:00:00Z"
    assert [float(column[0]) for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == [
        1,
        3,
        0.5,
        2,
        10,
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("date,time,close\n2020-01-02,09:30,2\n", "2020-01-02T14:30:00Z"),
        ("<DATE>,<TIME>,<CLOSE>\n20200702,093000,2\n", "2020-07-02T13:30:00Z"),
        ("time,close\n2020-01-02T09:30:00Z,2\n", "2020-01-02T09:30:00Z"),
        ("ts,close\n1577975400000,2\n", "2020-01-02T14:30:00Z"),
        ("ts,close\n1577975400000000000,2\n", "2020-01-02T14:30:00Z"),
    ],
)
def test_times_of_day_are_in_the_files_zone_unless_they_say_otherwise(text: str, moment: str) -> None:
    bars = price_file.read(text.encode(), name="x", timeframe="1m", zone=ZoneInfo("America/New_York"))
    assert iso_time(int(bars.time[0])) == moment


def test_a_form_of_dates_may_be_named() -> None:
    bars = price_file.read(b"date,close\n03.02.2020,2\n", name="x", timeframe="1d", date_format="%d.%m.%Y")
    assert iso_time(int(bars.time[0])) == "2020-02-03T00:00:00Z"
    with pytest.raises(FileRefused, match="line 2: '2020-02-03' is not of the form"):
        price_file.read(b"date,close\n2020-02-03,2\n", name="x", timeframe="1d", date_format="%d.%m.%Y")


@pytest.mark.parametrize("when", ["2020-11-01 01:30", "2020-03-08 02:30"])
def test_an_hour_that_the_clock_shows_twice_or_never_is_refused(when: str) -> None:
    with pytest.raises(FileRefused, match=r"line 2: .*twice or never.*Write it with its UTC offset"):
        price_file.read(f"time,close\n{when},2\n".encode(), name="x", timeframe="1m", zone=ZoneInfo("America/New_York"))
