"""`pgqueue data`: prices in, out, made up, looked at and forgotten."""

import csv
import io
import json
from pathlib import Path

import pytest

from command_line import pgqueue
from engine import sample


def synth(database_url: str, *options: str) -> str:
    done = pgqueue("data", "synth", "WALK", *options, database_url=database_url)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_exported_is_imported_again_with_the_same_bits(database_url: str, tmp_path: Path) -> None:
    pgqueue("data", "sample", database_url=database_url)
    synth(database_url, "--timeframe", "1m", "--bars", "500")
    for symbol, timeframe in (("SPX", "1d"), ("WALK", "1m")):
        out = tmp_path / f"{symbol}.csv"
        to_file = pgqueue("data", "export", symbol, "--timeframe", timeframe, "-o", str(out), database_url=database_url)
        assert (to_file.returncode, to_file.stdout) == (0, "")
        printed = pgqueue("data", "export", symbol, "--timeframe", timeframe, database_url=database_url)
        assert printed.stdout == out.read_text()
        assert (
            len(printed.stdout.splitlines())
            == 1 + {"SPX": len(sample.find("SPX", "1d").read().bars), "WALK": 500}[symbol]
        )
        again = pgqueue(
            "data",
            "import",
            str(out),
            "--symbol",
            symbol,
            "--timeframe",
            timeframe,
            "--json",
            database_url=database_url,
        )
        found = json.loads(again.stdout)
        assert (found["added"], found["corrected"], found["version"]) == (0, 0, 1)
    exists = pgqueue("data", "export", "SPX", "-o", str(tmp_path / "SPX.csv"), database_url=database_url)
    assert exists.returncode == 1
    assert "File exists" in exists.stderr


def test_a_series_is_shown_with_its_gaps(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("date,close\n2020-01-02,1\n2020-01-10,1\n2020-01-20,1\n2020-01-21,1\n")
    assert pgqueue("data", "import", str(file), "--symbol", "GAP", database_url=database_url).returncode == 0
    shown = json.loads(pgqueue("data", "show", "GAP", "--json", database_url=database_url).stdout)
    # 3 to 9 January are five weekdays, 13 to 17 too.
    assert [(gap["after"][:10], gap["missing"]) for gap in shown["gaps"]] == [("2020-01-02", 5), ("2020-01-10", 5)]
    assert "2 gaps" in pgqueue("data", "show", "GAP", database_url=database_url).stdout

    options = ("--symbol", "DAY", "--round-the-clock")
    assert pgqueue("data", "import", str(file), *options, database_url=database_url).returncode == 0
    shown = json.loads(pgqueue("data", "show", "DAY", "--json", database_url=database_url).stdout)
    assert [gap["missing"] for gap in shown["gaps"]] == [7, 9]


def test_the_bundled_sessions_have_one_long_closing(database_url: str) -> None:
    pgqueue("data", "sample", database_url=database_url)
    shown = json.loads(pgqueue("data", "show", "SPX", "--json", database_url=database_url).stdout)
    # September 2001 closed the exchanges from Tuesday to Friday: four weekdays, a holiday's measure.
    assert shown["gaps"] == []
    assert shown["bars"] == len(sample.find("SPX", "1d").read().bars)


def test_synthetic_prices_say_so_repeat_and_never_mix(database_url: str) -> None:
    assert "2,520 bars added" in synth(database_url)
    assert "2,520 unchanged" in synth(database_url)
    (listed,) = (
        json.loads(line) for line in pgqueue("data", "list", "--json", database_url=database_url).stdout.splitlines()
    )
    assert listed["source"] == "synthetic: random walk, seed 1"
    other = pgqueue("data", "synth", "WALK", "--seed", "2", database_url=database_url)
    assert other.returncode == 2
    assert "another walk" in other.stderr
    pgqueue("data", "sample", database_url=database_url)
    real = pgqueue("data", "synth", "SPX", database_url=database_url)
    assert real.returncode == 2
    assert "not synthetic" in real.stderr
    ran = pgqueue("backtest", "WALK", "--from", "2016-01-01", "--to", "2020-12-31", "--json", database_url=database_url)
    assert json.loads(ran.stdout)["coverage"]["source"].startswith("synthetic")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bars", "0"), "must be 1 to 5,000,000"),
        (("--bars", "5000001"), "must be 1 to 5,000,000"),
        (("--volatility", "0.6"), "must be 0.0 to 0.5"),
        (("--volatility", "nan"), "must be 0.0 to 0.5"),
        (("--seed", "-1"), "must be 0 to"),
        (("--from", "yesterday"), "is no day"),
        (("--from", "1969-12-31"), "between 1970 and 2200"),
        (("--timeframe", "1w", "--bars", "100000"), "between 1970 and 2200"),
    ],
)
def test_what_cannot_be_made_up_is_refused(options: tuple[str, ...], said: str) -> None:
    done = pgqueue("data", "synth", "WALK", *options)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_prices_are_forgotten_when_that_was_meant(database_url: str) -> None:
    synth(database_url)
    synth(database_url, "--timeframe", "1m", "--bars", "10")
    asked = pgqueue("data", "delete", "WALK", database_url=database_url)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "say so with --yes" in asked.stderr
    one = pgqueue("data", "delete", "WALK", "--timeframe", "1m", "--yes", database_url=database_url)
    assert one.stdout == "Deleted the 1m prices of WALK: 10 bars.\n"
    rest = pgqueue("data", "delete", "walk", "--yes", "--json", database_url=database_url)
    assert json.loads(rest.stdout)["deleted"] == 2_520
    assert pgqueue("data", "list", database_url=database_url).stdout == ""
    gone = pgqueue("data", "delete", "WALK", "--yes", database_url=database_url)
    assert gone.returncode == 1
    assert "no stored prices of WALK" in gone.stderr


def test_a_file_of_local_times_and_foreign_dates_is_read_as_told(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("Date,Time,Close\n02.01.2020,09:30,1\n02.01.2020,09:31,2\n")
    options = ("--symbol", "NYX", "--timeframe", "1m", "--times-in", "America/New_York")
    refused = pgqueue("data", "import", str(file), *options, database_url=database_url)
    assert refused.returncode == 1
    assert "line 2: '02.01.2020 09:30' is not a date" in refused.stderr
    done = pgqueue("data", "import", str(file), *options, "--date-format", "%d.%m.%Y %H:%M", database_url=database_url)
    assert "2 bars added" in done.stdout
    rows = csv.DictReader(
        io.StringIO(pgqueue("data", "export", "NYX", "--timeframe", "1m", database_url=database_url).stdout)
    )
    assert next(rows)["time"] == "2020-01-02T14:30:00Z"
    unknown = pgqueue("data", "import", str(file), *options[:-1], "Mars/Olympus", database_url=database_url)
    assert "no time zone 'Mars/Olympus'" in unknown.stderr


def test_a_duplicated_date_is_refused_with_its_line_and_nothing_changes(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "twice.csv"
    file.write_text("date,close\n2020-01-02,1\n2020-01-02,2\n")
    done = pgqueue("data", "import", str(file), "--symbol", "TWICE", database_url=database_url)
    assert done.returncode == 1
    assert "twice.csv, line 3: the same time as the line before (line 2). Remove one of the two" in done.stderr
    assert pgqueue("data", "list", database_url=database_url).stdout == ""
