"""Other people's systems, asked the same questions: one module each, imported only by the benches that ask."""
