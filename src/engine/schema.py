"""What the engine's tables are. Migrations make them; a test holds the two against each other.

A symbol is what is traded, a series is one timeframe of it from one source, bars are its rows.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData(
    schema="engine",
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)

NOW = text("clock_timestamp()")

symbols = Table(
    "symbols",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # The session's time zone (IANA). Bars of a day or more are stamped with midnight UTC of the session's date.
    Column("timezone", Text, nullable=False),
    Column("round_the_clock", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    CheckConstraint("symbol ~ '^[A-Z0-9.^=_-]{1,10}$'", name="symbol_form"),
    CheckConstraint("length(name) between 1 and 200", name="name_length"),
)

# Adjusted, close-only and source are facts of the series: minute bars may come from elsewhere than daily ones.
series = Table(
    "series",
    metadata,
    Column("symbol", Text, ForeignKey(symbols.c.symbol, ondelete="CASCADE"), nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("first_time", DateTime(timezone=True), nullable=False),
    Column("last_time", DateTime(timezone=True), nullable=False),
    Column("bars", BigInteger, nullable=False),
    # Grows with every import that changes a bar: results and caches name the version they used.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("adjusted", Boolean, nullable=False),
    Column("close_only", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    PrimaryKeyConstraint("symbol", "timeframe"),
    CheckConstraint("timeframe in ('1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w')", name="timeframe_known"),
    CheckConstraint("first_time <= last_time", name="times_ordered"),
    CheckConstraint("bars > 0", name="bars_positive"),
    CheckConstraint("version > 0", name="version_positive"),
)

# No foreign key to series: it would cost a look-up per row of a COPY. Only the import writes bars, both in one
# transaction. NaN and infinity are above every number in Postgres, so the upper bounds refuse them.
bars = Table(
    "bars",
    metadata,
    Column("symbol", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("open", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("close", Double, nullable=False),
    Column("volume", Double, nullable=False),
    PrimaryKeyConstraint("symbol", "timeframe", "time"),
    CheckConstraint("low <= open and low <= close and open <= high and close <= high", name="prices_in_range"),
    CheckConstraint("low > 0 and high < 'infinity'", name="prices_positive"),
    CheckConstraint("volume >= 0 and volume < 'infinity'", name="volume_not_negative"),
)
