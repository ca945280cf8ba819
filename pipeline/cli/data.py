"""Your own labelled data: `data check`, `import`, `split`, `pick`, `agreement`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.atomic import require_outputs
from pipeline.cli.options import (
    MODEL,
    Delimiter,
    Encoding,
    EventColumn,
    QuadColumn,
    Seed,
    StanceColumn,
    TextColumn,
    a_number,
)
from pipeline.errors import DRIFT


def check(
    files: Annotated[list[Path], typer.Argument(help="Labelled files.")],
    fix: Annotated[
        Optional[Path],
        typer.Option(help="Write a cleaned copy here (for several files: a folder), with a list of all changes."),
    ] = None,
    model: Annotated[
        Optional[str],
        typer.Option("--model", "-m", help=f"Model used to detect other languages (default: {MODEL}, if it exists)."),
    ] = None,
    errors: Annotated[bool, typer.Option("--errors/--no-errors", help="Look for likely label errors.")] = True,
    all_places: Annotated[bool, typer.Option("--all", help="Show all places, not just five of each kind.")] = False,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
    encoding: Encoding = None,
) -> None:
    """Check labelled files before training; the exit code is 3 if a serious problem is found."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.label.check import check_rows, n_steps, read_files, usual_model
    from pipeline.label.fix import fixed
    from pipeline.reader import open_model
    from pipeline.show.checked import as_json, checked

    rows = read_files(files, Columns(text_column, event_column, stance_column, quad_column), encoding)
    opened = open_model(model) if model else usual_model(MODEL)
    with show.progress(n_steps(rows), "checking") as step:
        done = check_rows(rows, opened, errors, step)
    if sys.stdout.isatty():
        checked(done, all_places)
    else:
        print(as_json(done))
    if fix:
        show.written(fixed(rows, fix), stderr=True)
    if done.serious:
        raise typer.Exit(DRIFT)


def import_data(
    files: Annotated[list[Path], typer.Argument(help="Tables, or exports of Label Studio, Prodigy or doccano.")],
    out: Annotated[Path, typer.Option(help="Labelled CSV file to write.")],
    text: Annotated[Optional[str], typer.Option(help="Text column (default: inferred).")] = None,
    label: Annotated[Optional[str], typer.Option(help="Label column (default: inferred).")] = None,
    map: Annotated[
        Optional[list[str]], typer.Option(help="Meaning of a label, such as A=escalation; may be repeated.")
    ] = None,
    header: Annotated[bool, typer.Option("--header/--no-header", help="The first line names the columns.")] = True,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
) -> None:
    """Convert a labelled table or an export of a labelling tool to the format of `train`."""
    from pipeline import show
    from pipeline.label.imports import import_files, mapping, write_imported
    from pipeline.show.labelling import imported

    require_outputs((out, out.with_suffix(".rejects.csv")), files)
    found = import_files(files, text, label, mapping(map or []), encoding, delimiter, header)
    written = write_imported(found, out)
    imported(found)
    show.written(written)


def split(
    file: Annotated[Path, typer.Argument(help="Labelled file.")],
    out: Annotated[Path, typer.Option(help="Folder for train.csv and test.csv.")],
    test: Annotated[float, typer.Option(help="Share of the rows for testing.")] = 0.2,
    group: Annotated[str, typer.Option(help="What stays together: a column, near-copies, or none.")] = "near-copies",
    stratify: Annotated[bool, typer.Option("--stratify", help="Take the same share of every label.")] = False,
    time: Annotated[Optional[str], typer.Option(help="Date column: the newest rows are for testing.")] = None,
    date_format: Annotated[Optional[str], typer.Option(help="Format of the dates, such as %d/%m/%Y.")] = None,
    seed: Seed = 0,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
    encoding: Encoding = None,
) -> None:
    """Split a labelled file into training and test rows, without leaks."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.label.labelled_file import read_labelled_file
    from pipeline.label.splits import split_rows, write_split
    from pipeline.show import labelling

    columns = Columns(text_column, event_column, stance_column, quad_column)
    rows = read_labelled_file(file, columns, encoding)
    parted = split_rows(rows, test, None if group == "none" else group, stratify, time, date_format, seed)
    written = write_split(rows, parted, out)
    labelling.parted(rows, parted)
    show.written(written)


def pick(
    pool: Annotated[Path, typer.Argument(help="Table of texts to pick from.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    n: Annotated[int, typer.Option("--n", min=1, help="Number of texts to pick.")] = 200,
    tool: Annotated[str, typer.Option("--for", help="Output format: label-studio, prodigy, doccano or csv.")] = "csv",
    show_opinion: Annotated[
        bool, typer.Option("--show-opinion/--hide-opinion", help="Show annotators the model's prediction.")
    ] = False,
    labelled: Annotated[
        Optional[list[Path]], typer.Option(help="Labelled file or export whose texts are not picked; may be repeated.")
    ] = None,
    random: Annotated[
        float, typer.Option(min=0, max=1, callback=a_number, help="Share drawn at random, to measure accuracy on.")
    ] = 0.2,
    seed: Seed = 0,
    model: Annotated[str, typer.Option("--model", "-m", help="Model whose uncertainty counts.")] = str(MODEL),
    text_column: TextColumn = None,
    encoding: Encoding = None,
) -> None:
    """Pick texts to label next: uncertain and diverse ones, plus a random share."""
    from pipeline import show
    from pipeline.label.pools import labelled_texts, picked_tasks, read_pool, require_tool, write_tasks
    from pipeline.reader import open_model
    from pipeline.show import labelling

    require_tool(tool, out)
    require_outputs((out, out.with_suffix(".config.xml")), (pool, *(labelled or ())))
    texts = [text for path in labelled or [] for text in labelled_texts(path)]
    texts_of_pool = read_pool(pool, text_column, texts, encoding)
    tasks = picked_tasks(texts_of_pool, open_model(model), n, seed, random, show_opinion)
    written = write_tasks(tasks, tool, out)
    labelling.picked(tasks, texts_of_pool)
    show.written(written)


def agreement(
    files: Annotated[list[Path], typer.Argument(help="One labelled file or export per annotator, or one for all.")],
    by: Annotated[Optional[str], typer.Option(help="Column that names the annotator.")] = None,
    level: Annotated[
        Optional[str], typer.Option(help="stance or event (default: event if all labels are event types).")
    ] = None,
    out: Annotated[Optional[Path], typer.Option(help="CSV file that lists the disagreements.")] = None,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Measure inter-annotator agreement with 95 % intervals, and list the disagreements."""
    from dataclasses import replace

    from pipeline.corpus.labelled import Columns
    from pipeline.label.agreement import agreement, read_annotators, write_disagreements
    from pipeline.show import labelling, written

    if out:
        require_outputs([out], files)
    columns = Columns(text_column, event_column, stance_column, quad_column)
    faults: dict[str, int] = {}
    said = read_annotators(files, by, columns, faults)
    labelling.unused(faults)
    found = replace(agreement(said, level), faults=faults)
    if sys.stdout.isatty():
        labelling.agreed(found)
    else:
        print(labelling.agreed_as_json(found))
    if out:
        written([write_disagreements(found, out)], stderr=True)
