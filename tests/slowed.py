"""Scoring in small batches with a pause after each, so that a kill or Ctrl-C falls between two of them."""

import time

from pipeline.read import documents
from pipeline.write.journal import Journal

BATCH_ROWS = 250


def slow_down(pause: float = 0.005) -> None:
    """Let this process read batches of `BATCH_ROWS` and pause for so many seconds after each."""
    documents.BATCH_ROWS = BATCH_ROWS
    add = Journal.add

    def slow(self, *given):
        add(self, *given)
        time.sleep(pause)

    Journal.add = slow
