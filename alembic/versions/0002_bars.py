"""The engine: symbols, series, bars."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema engine")
    op.create_table(
        "bars",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.CheckConstraint("low > 0 and high < 'infinity'", name=op.f("bars_prices_positive_check")),
        sa.CheckConstraint("volume >= 0 and volume < 'infinity'", name=op.f("bars_volume_not_negative_check")),
        sa.CheckConstraint(
            "low <= open and low <= close and open <= high and close <= high", name=op.f("bars_prices_in_range_check")
        ),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "time", name=op.f("bars_pkey")),
        schema="engine",
    )
    op.create_table(
        "symbols",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("round_the_clock", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("symbol ~ '^[A-Z0-9.^=_-]{1,10}$'", name=op.f("symbols_symbol_form_check")),
        sa.CheckConstraint("length(name) between 1 and 200", name=op.f("symbols_name_length_check")),
        sa.PrimaryKeyConstraint("symbol", name=op.f("symbols_pkey")),
        schema="engine",
    )
    op.create_table(
        "series",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("first_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bars", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("adjusted", sa.Boolean(), nullable=False),
        sa.Column("close_only", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "timeframe in ('1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w')", name=op.f("series_timeframe_known_check")
        ),
        sa.CheckConstraint("bars > 0", name=op.f("series_bars_positive_check")),
        sa.CheckConstraint("first_time <= last_time", name=op.f("series_times_ordered_check")),
        sa.CheckConstraint("version > 0", name=op.f("series_version_positive_check")),
        sa.ForeignKeyConstraint(
            ["symbol"], ["engine.symbols.symbol"], name=op.f("series_symbol_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("symbol", "timeframe", name=op.f("series_pkey")),
        schema="engine",
    )


def downgrade() -> None:
    op.drop_table("series", schema="engine")
    op.drop_table("symbols", schema="engine")
    op.drop_table("bars", schema="engine")
    op.execute("drop schema engine")
