"""Documents: what every door gives."""

from __future__ import annotations

# Snippets in a batch: with more the arrays outgrow a processor's cache, with fewer fixed costs tell.
BATCH_ROWS = 16_000
