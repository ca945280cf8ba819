"""Inspect runs and choose between models: `runs`, `promote`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.cli.options import MODEL, EventColumn, QuadColumn, StanceColumn, TextColumn
from pipeline.messages import count_of, say


def runs(
    given: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="[RUN RUN | push [FOLDER]...]",
            help="Two runs to compare: ids, names, model folders or models:/ addresses; or `push`, to send unsent runs.",
        ),
    ] = None,
    experiment: Annotated[Optional[str], typer.Option(help="List only the runs of this MLflow experiment.")] = None,
) -> None:
    """List runs, compare two of them, or send runs that could not be logged."""
    from pipeline.errors import InputError

    if not given:
        _list(experiment)
    elif given[0] == "push":
        _push([Path(folder) for folder in given[1:]] or [MODEL.parent / "unsent"])
    elif len(given) == 2:
        _compare(*given)
    else:
        raise InputError(f"runs: expected no run, two runs or `push`, got {' '.join(given)}")


def _list(experiment: str | None) -> None:
    from pipeline.show.runs import run_lines, run_table
    from pipeline.tracking.catalogue import list_runs
    from pipeline.tracking.outbox import outbox_of, waiting

    found = list_runs(experiment)
    (run_table if sys.stdout.isatty() else run_lines)(found)
    if kept := waiting(outbox_of(MODEL)):
        say(f"{count_of(len(kept), 'unsent run')} in {outbox_of(MODEL)}; send with `detente runs push`")


def _compare(first: str, second: str) -> None:
    from pipeline.show.runs import versus_lines, versus_tables
    from pipeline.tracking.catalogue import compare_runs

    found = compare_runs(first, second)
    (versus_tables if sys.stdout.isatty() else versus_lines)(found)


def _push(outboxes: list[Path]) -> None:
    from pipeline.tracking.outbox import send, waiting

    entries = [entry for outbox in outboxes for entry in waiting(outbox)]
    if not entries:
        say(f"no unsent runs in {', '.join(map(str, outboxes))}", stderr=False)
    for entry in entries:
        logged = send(entry)
        say(
            f"sent {logged.run_name} ({logged.run_id}), registered as {logged.name}, version {logged.version}",
            stderr=False,
        )


def promote(
    model: Annotated[
        str, typer.Argument(metavar="RUN | MODEL", help="Run id or name, model folder or models:/ address.")
    ],
    on: Annotated[
        list[str],
        typer.Option(help="Labelled file to compare on, or a public corpus (its test file); may be repeated."),
    ],
    alias: Annotated[str, typer.Option(help="Alias to assign, as in models:/detente@champion.")] = "champion",
    why: Annotated[str, typer.Option(help="Your reason, recorded with the model.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Promote even if the model is not better; this is recorded.")
    ] = False,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Promote a model to champion if a paired comparison shows that it is better."""
    from pipeline.corpus.labelled import Columns
    from pipeline.errors import RefusedError
    from pipeline.show.runs import decision_line, decision_table
    from pipeline.sources.mix import Recipe, read_tests
    from pipeline.tracking.promotion import give_alias, weigh

    corpus = read_tests(Recipe(tuple(on), Columns(text_column, event_column, stance_column, quad_column)))
    found = weigh(model, alias, corpus, force)
    if found.allowed or force:
        give_alias(found, why)
    (decision_table if sys.stdout.isatty() else decision_line)(found, force)
    if not (found.allowed or force):
        raise RefusedError(f"{found.reason}; not promoted, --force promotes it anyway")
