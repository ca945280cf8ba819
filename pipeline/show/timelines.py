"""Terminal output of a timeline: a block chart and the turns of each series, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.messages import one_line, say
from pipeline.show import add_columns, bare_table, console, styled
from pipeline.timeline.feed import Counts
from pipeline.timeline.output import blocks, greatest
from pipeline.timeline.series import Period

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 60  # blocks
_SHOWN = 12  # series


def timeline(periods: list[Period], counts: Counts) -> None:
    """Print every series with its turns."""
    out = console()
    names = greatest(periods)
    for name in names[:_SHOWN]:
        mine = [one for one in periods if one.series == name]
        values = np.array([one.tension[0] for one in mine])
        relevant = sum(one.relevant for one in mine)
        out.print(
            styled(
                "\n", (one_line(name), "bold"), f"  {_day(mine[0])} to {_day(mine[-1])}, {relevant:,} relevant texts"
            )
        )
        for start in range(0, len(values), _WIDE):
            out.print(blocks(values[start : start + _WIDE]))
        if turns := [one for one in mine if one.flag]:
            out.print(_turns(turns))
    if len(names) > _SHOWN:
        out.print(
            f"\n{len(names) - _SHOWN:,} more series with fewer texts: --only selects one, --out DIR writes all of them"
        )
    if counts.series_left_out:
        out.print(
            f"{counts.series_left_out:,} series with even fewer texts left out: --top N keeps more, --top 0 keeps all"
        )
    left_out = ", ".join(f"{n:,} with {why}" for why, n in counts.left_out.items())
    said = f"{counts.read:,} rows read, {counts.copies:,} of them copies"
    say(said + (f"; left out: {left_out}" if left_out else ""))


def _turns(periods: list[Period]) -> Table:
    """One row per turn, with the text that contributed most."""
    table = bare_table()
    add_columns(
        table, ("turn", "left"), ("period", "left"), ("tension", "right"), ("texts", "right"), ("what moved it", "left")
    )
    for one in periods:
        wanted = 1 if one.flag == "rise" else -1
        said = next((text for text, tension, _, _ in one.examples if tension * wanted > 0), "")
        mark = styled((one.flag, "red" if one.flag == "rise" else "blue"))
        table.add_row(mark, _day(one), f"{one.tension[0]:+.2f}", f"{one.relevant}", one_line(said[:90]))
    return table


def _day(one: Period) -> str:
    return str(one.period.astype("datetime64[D]"))
