"""Backtests of trading strategies on price bars. Knows nothing of queues."""
