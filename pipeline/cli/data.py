"""Labelled data: `data list` and `fetch` for public corpora; `check`, `import`, `split`, `pick`, `agreement` for your own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option, Typer

from pipeline import show
from pipeline.atomic import require_outputs
from pipeline.cli import options
from pipeline.errors import DRIFT, Interrupted, SourceError

data = Typer(help="Labelled data: public corpora and your own files.", no_args_is_help=True)


@data.command("list")
def list_corpora(
    full: Annotated[bool, Option("--full", help="Show licence, citation, labels and quirks too.")] = False,
) -> None:
    """List the public corpora, and which are downloaded; DETENTE_REGISTRY names a TOML file of further ones."""
    from pipeline.show import corpora
    from pipeline.sources.cards import cards
    from pipeline.sources.download import cache_folder, is_whole, place_of

    known = cards()
    kept = {name: [is_whole(place_of(card, file), file) for file in card.files] for name, card in known.items()}
    (corpora.cards if full else corpora.listing)(known, kept, cache_folder())


@data.command()
def fetch(
    names: Annotated[list[str], Argument(metavar="NAME...", help="Corpora by name, see `detente data list`.")],
    to: Annotated[Path | None, Option(help="Download here instead of to the cache.")] = None,
) -> None:
    """Download public corpora to the cache and verify their hashes; existing files are kept."""
    from pipeline.show import corpora
    from pipeline.sources import download
    from pipeline.sources.cards import card_of

    wanted = [card_of(name) for name in dict.fromkeys(names)]
    failed = []
    for card in wanted:
        try:
            with corpora.downloading(card.name) as step:
                paths = download.fetch(card, to, step)
        except SourceError as error:
            failed.append(error)
            continue
        except KeyboardInterrupt:
            raise Interrupted("interrupted; the partial download is kept, and the same command continues it") from None
        corpora.fetched(card, paths)
    if failed:
        more = f" (and {len(failed) - 1} more failed)" if len(failed) > 1 else ""
        raise SourceError(f"{failed[0]}{more}")


@data.command()
def check(
    files: Annotated[list[Path], Argument(help="Labelled files.")],
    fix: Annotated[
        Path | None, Option(help="Write a cleaned copy here (for several files: a folder), with a list of all changes.")
    ] = None,
    model: Annotated[
        str | None,
        Option("--model", "-m", help=f"Model used to detect other languages (default: {options.MODEL}, if it exists)."),
    ] = None,
    errors: Annotated[bool, Option("--errors/--no-errors", help="Look for likely label errors.")] = True,
    all_places: Annotated[bool, Option("--all", help="Show all places, not just five of each kind.")] = False,
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Check labelled files before training; the exit code is 3 if a serious problem is found."""
    from pipeline.corpus.labelled import Columns
    from pipeline.label.check import check_rows, n_steps, read_files, usual_model
    from pipeline.label.fix import fixed
    from pipeline.read.source import Written
    from pipeline.reader import open_model
    from pipeline.show.labelling import checked, checked_as_json

    rows = read_files(
        files, Columns(text_column, event_column, stance_column, quad_column), Written(encoding, delimiter)
    )
    opened = open_model(model) if model else usual_model(options.MODEL)
    with show.progress(n_steps(rows), "checking") as step:
        done = check_rows(rows, opened, errors, step)
    if sys.stdout.isatty():
        checked(done, all_places)
    else:
        print(checked_as_json(done))
    if fix:
        show.written(fixed(rows, fix), stderr=True)
    if done.serious:
        raise Exit(DRIFT)


@data.command("import")
def import_data(
    files: Annotated[list[Path], Argument(help="Tables, or exports of Label Studio, Prodigy or doccano.")],
    out: Annotated[Path, Option(help="Labelled CSV file to write.")],
    text: Annotated[str | None, Option(help="Text column (default: inferred).")] = None,
    label: Annotated[str | None, Option(help="Label column (default: inferred).")] = None,
    map: Annotated[list[str] | None, Option(help="Meaning of a label, such as A=escalation; may be repeated.")] = None,
    header: Annotated[bool, Option("--header/--no-header", help="The first line names the columns.")] = True,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Convert a labelled table or an export of a labelling tool to the format of `train`."""
    from pipeline.label.imports import import_files, mapping, write_imported
    from pipeline.read.source import Written
    from pipeline.show.labelling import imported

    require_outputs((out, out.with_suffix(".rejects.csv")), files)
    found = import_files(files, text, label, mapping(map or []), Written(encoding, delimiter), header)
    written = write_imported(found, out)
    imported(found)
    show.written(written)


@data.command()
def split(
    file: Annotated[Path, Argument(help="Labelled file.")],
    out: Annotated[Path, Option(help="Folder for train.csv and test.csv.")],
    test: Annotated[float, Option(help="Share of the rows for testing.")] = 0.2,
    group: Annotated[str, Option(help="What stays together: a column, near-copies, or none.")] = "near-copies",
    stratify: Annotated[bool, Option("--stratify", help="Take the same share of every label.")] = False,
    time: Annotated[str | None, Option(help="Date column: the newest rows are for testing.")] = None,
    date_format: Annotated[str | None, Option(help="Format of the dates, such as %d/%m/%Y.")] = None,
    seed: options.Seed = 0,
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Split a labelled file into training and test rows, without leaks."""
    from pipeline.corpus.labelled import Columns
    from pipeline.label.labelled_file import read_labelled_file
    from pipeline.label.splits import split_rows, write_split
    from pipeline.read.source import Written
    from pipeline.show import labelling

    columns = Columns(text_column, event_column, stance_column, quad_column)
    rows = read_labelled_file(file, columns, Written(encoding, delimiter))
    parted = split_rows(rows, test, None if group == "none" else group, stratify, time, date_format, seed)
    written = write_split(rows, parted, out)
    labelling.parted(rows, parted)
    show.written(written)


@data.command()
def pick(
    pool: Annotated[Path, Argument(help="Table of texts to pick from.")],
    out: Annotated[Path, Option(help="File to write.")],
    n: Annotated[int, Option("--n", min=1, help="Number of texts to pick.")] = 200,
    tool: Annotated[str, Option("--for", help="Output format: label-studio, prodigy, doccano or csv.")] = "csv",
    show_opinion: Annotated[
        bool, Option("--show-opinion/--hide-opinion", help="Show annotators the model's prediction.")
    ] = False,
    labelled: Annotated[
        list[Path] | None, Option(help="Labelled file or export whose texts are not picked; may be repeated.")
    ] = None,
    random: Annotated[
        float, Option(min=0, max=1, callback=options.a_number, help="Share drawn at random, to measure accuracy on.")
    ] = 0.2,
    seed: options.Seed = 0,
    model: Annotated[str, Option("--model", "-m", help="Model whose uncertainty counts.")] = str(options.MODEL),
    text_column: options.TextColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Pick texts to label next: uncertain and diverse ones, plus a random share."""
    from pipeline.label.pools import labelled_texts, picked_tasks, read_pool, require_tool, write_tasks
    from pipeline.read.source import Written
    from pipeline.reader import open_model
    from pipeline.show import labelling

    require_tool(tool, out)
    require_outputs((out, out.with_suffix(".config.xml")), (pool, *(labelled or ())))
    texts = [text for path in labelled or [] for text in labelled_texts(path)]
    texts_of_pool = read_pool(pool, text_column, texts, Written(encoding, delimiter))
    tasks = picked_tasks(texts_of_pool, open_model(model), n, seed, random, show_opinion)
    written = write_tasks(tasks, tool, out)
    labelling.picked(tasks, texts_of_pool)
    show.written(written)


@data.command()
def agreement(
    files: Annotated[list[Path], Argument(help="One labelled file or export per annotator, or one for all.")],
    by: Annotated[str | None, Option(help="Column that names the annotator.")] = None,
    level: Annotated[str | None, Option(help="stance or event (default: event if all labels are event types).")] = None,
    out: Annotated[Path | None, Option(help="CSV file that lists the disagreements.")] = None,
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Measure inter-annotator agreement with 95 % intervals, and list the disagreements."""
    from dataclasses import replace

    from pipeline.corpus.labelled import Columns
    from pipeline.label.agreement import agreement, read_annotators, write_disagreements
    from pipeline.read.source import Written
    from pipeline.show import labelling

    if out:
        require_outputs([out], files)
    columns = Columns(text_column, event_column, stance_column, quad_column)
    faults: dict[str, int] = {}
    said = read_annotators(files, by, columns, faults, Written(encoding, delimiter))
    labelling.unused(faults)
    found = replace(agreement(said, level), faults=faults)
    if sys.stdout.isatty():
        labelling.agreed(found)
    else:
        print(labelling.agreed_as_json(found))
    if out:
        show.written([write_disagreements(found, out)], stderr=True)
