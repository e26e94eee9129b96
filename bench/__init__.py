"""One file per question: `python -m bench.<question> [--quick] [--json]`. The last line printed is the answer."""
