"""A job queue in Postgres: claims, leases, retries, progress. Knows nothing of finance."""
