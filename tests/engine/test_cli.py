"""`pgqueue data` and `pgqueue backtest`, as people and programs call them."""

import json
from pathlib import Path

import pytest

from command_line import pgqueue

AAPL = ("backtest", "AAPL", "--from", "2020-01-01", "--to", "2022-12-28", "--capital", "10000")


def test_a_backtest_runs_on_bundled_prices_where_there_is_no_database() -> None:
    done = pgqueue(*AAPL, "--strategy", "sma-cross", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["metrics"]["totalTrades"] == 10
    assert "DATABASE_URL is not set: bundled prices of AAPL" in done.stderr


def test_a_backtest_is_a_table_for_people() -> None:
    done = pgqueue(*AAPL, "--param", "fast=20", "--commission", "0.001")
    assert done.returncode == 0
    assert "SMA crossover on AAPL 1d: 10,000.00 →" in done.stdout
    assert "sharpeRatio" in done.stdout
    assert "closes only" in done.stderr


def test_a_run_without_days_is_over_all_that_the_symbol_has() -> None:
    done = pgqueue("backtest", "SPX", "--json")
    coverage = json.loads(done.stdout)["coverage"]

    assert done.returncode == 0, done.stderr
    assert "no --from and no --to given: all there is of SPX, from 1999-01-04 to 2018-12-31." in done.stderr
    assert (coverage["requestedStart"], coverage["requestedEnd"]) == ("1999-01-04", "2018-12-31")
    assert (coverage["dataStart"], coverage["dataEnd"], coverage["complete"]) == ("1999-01-04", "2018-12-31", True)


def test_a_run_with_one_day_given_begins_or_ends_with_the_symbols_own() -> None:
    begun = pgqueue("backtest", "SPX", "--from", "2015-06-01", "--json")
    ended = pgqueue("backtest", "SPX", "--to", "2001-06-01", "--json")
    beyond = pgqueue("backtest", "SPX", "--to", "1980-01-01")

    assert "no --from" not in begun.stderr
    assert json.loads(begun.stdout)["coverage"]["requestedEnd"] == "2018-12-31"
    assert json.loads(ended.stdout)["coverage"]["requestedStart"] == "1999-01-04"
    assert beyond.returncode == 1
    assert "no 1d prices of SPX from 1979-12-31 to 1980-01-01; there are prices from 1999-01-04" in beyond.stderr


def test_bundled_prices_load_once_and_a_backtest_on_them_is_the_same(database_url: str) -> None:
    assert pgqueue("data", "list", database_url=database_url).stdout == ""
    assert "no prices yet" in pgqueue("data", "list", database_url=database_url).stderr
    loaded = pgqueue("data", "sample", database_url=database_url)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert loaded.stdout == "8 bundled series, 59,940 bars: 59,940 added or corrected.\n"
    again = pgqueue("data", "sample", "--json", database_url=database_url)
    assert {json.loads(line)["added"] for line in again.stdout.splitlines()} == {0}

    listed = [
        json.loads(line) for line in pgqueue("data", "list", "--json", database_url=database_url).stdout.splitlines()
    ]
    assert [one["symbol"] for one in listed] == ["AAPL", "IXIC", "JNJ", "JPM", "KO", "MSFT", "SPX", "XOM"]
    assert "1999-01-04" in pgqueue("data", "list", database_url=database_url).stdout

    stored, bundled = (pgqueue(*AAPL, "--json", database_url=url) for url in (database_url, None))
    assert json.loads(stored.stdout) == json.loads(bundled.stdout)
    assert "from the database, version 1" in stored.stderr


def test_a_csv_is_imported_and_listed(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("date,close\n2020-01-02,1\n2020-01-03,2\n")
    command = ("data", "import", str(file), "--symbol", "my-1", "--timeframe", "1d", "--name", "Mine")
    done = pgqueue(*command, database_url=database_url)
    assert done.stdout == "MY-1 1d: 2 bars added, 0 corrected, 0 unchanged; version 1.\n"
    assert json.loads(pgqueue(*command, "--json", database_url=database_url).stdout)["unchanged"] == 2
    table = pgqueue("data", "list", database_url=database_url).stdout
    assert "MY-1" in table
    assert "closes only" in table


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("backtest", "ZZZ"), 1, "no 1d prices of ZZZ. There are: AAPL, IXIC"),
        (("backtest", "AAPL", "--from", "2023-01-01", "--to", "2024-01-01"), 1, "prices from 1990-01-02 to 2022-12-28"),
        (("backtest", "AAPL", "--strategy", "sma-crss"), 1, "did you mean 'sma-cross'?"),
        (
            ("backtest", "AAPL", "--from", "x", "--capital", "5"),
            2,
            "--from must be a day written YYYY-MM-DD; --capital",
        ),
        (("backtest", "AAPL", "--param", "fst=5"), 2, "did you mean 'fast'?"),
        (("backtest", "AAPL", "--param", "fast"), 2, "'fast' is not NAME=NUMBER"),
        (("backtest", "--strategy", "nowhere.json"), 1, "nowhere.json: No such file"),
        (("data", "list"), 1, "DATABASE_URL is not set"),
        (("data", "import", "nowhere.csv", "--symbol", "A"), 1, "nowhere.csv: No such file"),
        (("data", "import", "x.csv", "--symbol", "A B"), 2, "must be 1 to 10 characters"),
        (("data", "import", "x.csv", "--symbol", "A", "--timeframe", "2d"), 2, "must be one of 1m 5m"),
        (("data", "import", "x.csv", "--symbol", "A", "--timezone", "Mars"), 2, "no time zone 'Mars'"),
    ],
)
def test_what_fails_is_one_sentence_on_stderr(command: tuple[str, ...], code: int, sentence: str) -> None:
    done = pgqueue(*command)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_strategy_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"name": "Mine", "entryLong": "close > sma(close, 200)", "exitLong": "close < 1"}))
    done = pgqueue(*AAPL, "--strategy", str(file), "--json")
    assert json.loads(done.stdout)["strategyName"] == "Mine"
    file.write_text("{")
    assert "not JSON" in pgqueue(*AAPL, "--strategy", str(file)).stderr


SWEEP = ("sweep", "SPX", "--from", "2010-01-01", "--to", "2018-12-31", "--grid", "fast=5:50:5", "--grid", "slow=50,100")


def test_a_sweep_ranks_its_combinations_and_says_what_luck_would_show(tmp_path: Path) -> None:
    table = tmp_path / "all.csv"
    done = pgqueue(*SWEEP, "--where", "fast < slow", "--top", "3", "--csv", str(table))
    assert done.returncode == 0
    assert "19 combinations, the best by sharpeRatio" in done.stdout
    assert "Deflated Sharpe ratio:" in done.stdout
    assert len(table.read_text().splitlines()) == 20

    found = json.loads(pgqueue(*SWEEP, "--where", "fast < slow", "--json").stdout)
    assert found["sweep"]["combinations"] == 19
    assert len(found["sweep"]["best"]) == 5


def test_a_sweep_without_days_is_over_all_that_the_symbol_has(database_url: str) -> None:
    pgqueue("data", "sample", database_url=database_url)
    done = pgqueue("sweep", "SPX", "--grid", "fast=5,10", "--json", database_url=database_url)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["coverage"]["requestedStart"] == "1999-01-04"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--grid", "fast=2:400", "--grid", "slow=3:600"),
            "sweep: 238,602 combinations, the limit is 100,000. Take larger steps",
        ),
        (("--grid", "fsat=3"), "grid.fsat: the strategy has no such parameter; did you mean 'fast'?"),
        (("--grid", "fast=x"), "is not NAME=VALUES"),
        (("--grid", "fast=1", "--grid", "fast=2"), "given twice"),
        (("--grid", "fast=5", "--rank-by", "luck"), "--rank-by must be one of sharpeRatio"),
        (("--grid", "fast=5", "--where", "fast > 5"), "where: holds for no combination"),
        ((), "Missing option '--grid'"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_in_a_sentence(options: tuple[str, ...], said: str) -> None:
    done = pgqueue("sweep", "SPX", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_run_is_split_compared_and_closed_where_asked() -> None:
    options = (
        "--out-of-sample-from",
        "2016-01-01",
        "--benchmark",
        "IXIC",
        "--close-at-end",
        "--fixed",
        "1",
        "--lot",
        "1",
    )
    done = pgqueue("backtest", "SPX", "--from", "2010-01-01", "--to", "2018-12-31", *options)
    assert done.returncode == 0
    assert "before 2016-01-01" in done.stdout
    assert "IXIC itself: 192.41%." in done.stdout
    refused = pgqueue("backtest", "SPX", "--lot", "-1")
    assert refused.returncode == 2
    assert "--lot must be 0 to" in refused.stderr
