"""The HTTP API, the event streams and the pages: introduces the queue and the engine to people."""
