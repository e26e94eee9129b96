"""How fast do a million minute bars come out of Postgres into arrays, beside a plain SELECT and beside pandas?

All read the same rows over the same kind of connection, and every column is compared before time.
"""

from typing import Any

import numpy as np
import psycopg

from bench import prices as made
from bench.engine_speed import in_turns
from bench.harness import Options, main, own_database, say
from engine import store
from engine.store import Listing

BARS = 1_000_000
QUERY = (
    "select time, open, high, low, close, volume from engine.bars"
    " where symbol = 'WALK' and timeframe = '1m' order by time"
)


def ours(connection: psycopg.Connection) -> list[Any]:
    bars = store.load_all(connection, "WALK", "1m").bars
    return [bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume]


def select(connection: psycopg.Connection) -> list[Any]:
    """As most programs do it: all rows, then arrays."""
    rows = connection.execute(QUERY).fetchall()
    time, *columns = zip(*rows, strict=True)
    seconds = np.array([moment.timestamp() for moment in time])
    return [np.rint(seconds).astype(np.int64) * 1_000_000_000, *map(np.array, columns)]


def pandas(connection: psycopg.Connection) -> list[Any]:
    import pandas as pd  # noqa: PLC0415 only in the peers' environment

    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        assert cursor.description is not None
        frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])
    times = pd.to_datetime(frame["time"], utc=True).dt.tz_localize(None).astype("datetime64[ns]").astype(np.int64)
    return [times.to_numpy(), *(frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))]


def run(options: Options) -> dict[str, Any]:
    walk = made.walk(BARS, seed=1)
    with own_database() as url, psycopg.connect(url, autocommit=True) as connection:
        store.import_bars(connection, Listing("WALK", "1m", "bench", timezone="UTC", round_the_clock=True), walk.bars)
        connection.execute("vacuum analyze engine.bars")
        found = [read(connection) for read in (ours, select, pandas)]
        for other in found[1:]:
            for mine, theirs in zip(found[0], other, strict=True):
                assert np.array_equal(mine, theirs)
        del found
        say(options, f"{BARS:,} bars, all columns equal in all three")
        rounds = 3 if options.quick else 9
        our, plain, frame = in_turns(
            rounds, lambda: ours(connection), lambda: select(connection), lambda: pandas(connection)
        )
    for name, timed in (("ours, binary arrays", our), ("SELECT, fetchall", plain), ("pandas", frame)):
        say(options, f"  {name:<20} median {timed.median:6.3f} s   best {timed.best:6.3f} s")
    return {
        "vs_select": round(plain.median / our.median, 2),
        "vs_pandas": round(frame.median / our.median, 2),
        "mrows_per_s": round(BARS / our.median / 1e6, 2),
    }


if __name__ == "__main__":
    main("How fast do a million minute bars come out of Postgres into arrays?", run)
