-- An import's rows, as a binary stream.
copy pg_temp.incoming_bars (time, open, high, low, close, volume) from stdin (format binary)
