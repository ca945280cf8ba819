"""Evaluation reports as HTML, Markdown and JSON, and the model card."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole
from pipeline.errors import InputError
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.evaluate.pictures import calibration_picture, confusion_picture, events_picture, risk_picture
from pipeline.model.store import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE, MARKDOWN, JSON, CARD = "report.html", "report.md", "report.json", "model-card.md"
_PICTURES = (
    (
        "confusion.png",
        confusion_picture,
        "Confusion matrix: true stances against given ones, as shares of each true stance",
    ),
    (
        "calibration.png",
        calibration_picture,
        "Calibration: how often the likeliest stance was right, against its probability, with the rows behind each point",
    ),
    ("events.png", events_picture, "Event types: true ones against given ones, numbers of snippets"),
    ("risk.png", risk_picture, "Risk and coverage: share of wrong answers against the share of snippets answered"),
)


_HEADLINE = ("two_way.macro_f1", "three_way.macro_f1")
_PAIRED = "This model less each baseline, paired over the same snippets, with McNemar's exact test of the stances:"


def write_report(done: Evaluation, model: Model, data: str, folder: Path) -> list[Path]:
    """Write the report as HTML, Markdown and JSON, its plots and the model card to a folder; return the paths.

    Raises
    ------
    InputError
        If the folder is a file.
    """
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the report, found a file")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {name: draw(done.judged) for name, draw, _ in _PICTURES}
    pictures = {name: _png(figure) for name, figure in drawn.items() if figure is not None}
    facts = report_facts(done, model, data)
    facts["pictures"] = [one for one in facts["pictures"] if one["file"] in pictures]
    pages = {
        PAGE: _html(facts, pictures),
        MARKDOWN: report_markdown(facts),
        JSON: json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        CARD: card_markdown(facts, model.card),
    }
    for name, content in (pages | pictures).items():
        write_whole(folder / name, content)
    return [folder / name for name in (*pages, *pictures)]


def report_facts(done: Evaluation, model: Model, data: str) -> dict:
    """The content of the report, as plain values."""
    baselines = {"this model": done.figures, **done.baselines} if done.baselines else {}
    return {
        "title": f"Detente on {data}",
        "data": data,
        "model": str(model.folder),
        "made": model.card["made"],
        "rows": done.rows,
        "leaked": done.leaked,
        "unclear": done.unclear,
        "warnings": done.warnings,
        "headlines": [name for name in HEADLINES if name in done.figures],
        "figures": {name: asdict(figure) for name, figure in done.figures.items()},
        "with_leaked": {name: asdict(f) for name, f in (done.figures_with_leaked or {}).items()},
        "baselines": {name: [str(row.get(k, "")) for k in _HEADLINE] for name, row in baselines.items()},
        "pictures": [{"file": name, "alt": alt} for name, _, alt in _PICTURES],
        "slices": [asdict(one) for one in done.slices],
        "mistakes": [asdict(one) for one in done.mistakes],
        "examples": [asdict(one) for one in done.examples],
        "comparisons": [_compared(name, one) for name, one in done.comparisons.items()],
    }


def report_markdown(facts: dict) -> str:
    """The report as Markdown, with links to its plots."""
    left_out = f"{facts['rows']} snippets; {facts['leaked']} left out as seen in training."
    lines = [f"# {facts['title']}", "", left_out, ""]
    lines += [f"> {warning}\n" for warning in facts["warnings"]]
    lines += ["## Figures", "", *_figures(facts, facts["figures"])]
    if facts["baselines"]:
        rows = [(name, *row) for name, row in facts["baselines"].items()]
        lines += ["", "## Against baselines", "", *_table(("system", "two-way macro-F1", "three-way macro-F1"), rows)]
        lines += ["", _PAIRED, "", *_comparisons(facts)]
    lines += ["", "## Pictures", "", *(f"![{picture['alt']}]({picture['file']})" for picture in facts["pictures"])]
    lines += ["", "## Slices", "", *_slices(facts)]
    lines += ["", "## Worked examples", "", *_answers(facts["examples"])]
    lines += ["", "## The most confident mistakes", "", *_answers(facts["mistakes"])]
    return "\n".join(lines) + "\n"


def _compared(name: str, one: Comparison) -> dict:
    """A comparison with a baseline as plain values: differences of the two macro-F1, and McNemar's test."""
    names = [metric for metric in _HEADLINE if metric in one.differences]
    differences = {metric: asdict(one.differences[metric]) for metric in names}
    return {"name": name, "differences": differences, "p_value": one.p_value} | {
        "only_model": one.only_first,
        "only_baseline": one.only_second,
    }


def _comparisons(facts: dict) -> list[str]:
    head = ("against", *(metric_in_words(name) for name in _HEADLINE), "only this model right", "only the other", "p")
    rows = [
        (
            one["name"],
            *(_difference(one["differences"].get(name)) for name in _HEADLINE),
            one["only_model"],
            one["only_baseline"],
            f"{one['p_value']:.2g}",
        )
        for one in facts["comparisons"]
    ]
    return _table(head, rows)


def _difference(f: dict | None) -> str:
    """A difference with its interval.

    Examples
    --------
    >>> _difference({"value": 0.031, "low": 0.01, "high": 0.05})
    '+0.031 [+0.010, +0.050]'
    """
    return "" if f is None else f"{f['value']:+.3f} [{f['low']:+.3f}, {f['high']:+.3f}]"


def _answers(answers: list[dict]) -> list[str]:
    rows = [
        (
            one["text"],
            one["true"],
            one["given"],
            f"{one['probability']:.2f}",
            ", ".join(f"{words} {weight:+.1f}" for words, weight in one["evidence"]),
        )
        for one in answers
    ]
    return _table(("text", "true", "given", "p", "evidence"), rows)


def card_markdown(facts: dict, card: dict) -> str:
    """A model card (Mitchell et al. 2019, "Model Cards for Model Reporting")."""
    data = card["data"]
    headline = [
        n for n in ("two_way.macro_f1", "three_way.macro_f1", "events.macro_f1", "ece") if n in facts["figures"]
    ]
    sources = ", ".join(f"{name} ({rows:,})" for name, rows in data["sources"].items())
    versions = ", ".join(f"{name} {version}" for name, version in card["versions"].items())
    bayes = ", complement naive Bayes added" if card["settings"]["training"].get("complement") else ""
    sections = {
        "Intended use": "Says of English news sentences whether tension between political actors is rising or easing, for "
        "analysts who look at the sentences behind a figure. Not for decisions about persons.",
        "Data": f"{data['rows']:,} labelled snippets: {sources}; sha256 of texts and labels {data['sha256']}.",
        "Model": f"TF-IDF over {card['terms']:,} terms, logistic regression over event types{bayes}, calibrated; answers under "
        f"a probability of {card['threshold']:.2f} are `unclear`.",
        f"Figures on {facts['data']}": "\n".join(
            [f"{facts['rows']} snippets the model has not seen.", "", *_figures(facts, headline)]
        ),
        "Figures by slice": "\n".join(
            ["Share of right stances; *worse* is significantly worse than the rest.", "", *_slices(facts)]
        ),
        "Limits": "English only. A sentence is read alone, and what is reported is not what is true. Probabilities are "
        "calibrated on snippets like those it learned from: on other registers it is surer than it should be.",
        "How to reproduce": f"`detente train` on the same data with the settings in `card.json`, with {versions}; then "
        f"`detente evaluate --report DIR --data FILE` with the labelled file of these figures.",
    }
    parts = [
        f"# Model card: {card['name']}, {card['made']}",
        *(f"## {head}\n\n{text}" for head, text in sections.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(facts: dict, names: Iterable[str]) -> list[str]:
    rows = [(metric_in_words(name), facts["figures"][name]) for name in names]
    return _table(
        ("metric", "value", "95 % interval"),
        [(name, f"{f['value']:.3f}", f"{f['low']:.3f} to {f['high']:.3f}") for name, f in rows],
    )


def _slices(facts: dict) -> list[str]:
    rows = [
        (
            s["kind"],
            s["name"],
            s["rows"],
            f"{s['accuracy']:.3f}",
            f"{s['low']:.3f} to {s['high']:.3f}",
            "worse" * s["worse"],
        )
        for s in facts["slices"]
    ]
    return _table(("kind", "slice", "rows", "right", "95 % interval", ""), rows)


def _html(facts: dict, pictures: dict[str, bytes]) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("pipeline.evaluate", "."), autoescape=True)
    environment.filters["in_words"] = metric_in_words
    environment.filters["difference"] = _difference
    shown = [{**one, "data": base64.b64encode(pictures[one["file"]]).decode()} for one in facts["pictures"]]
    return environment.get_template("report.html.j2").render(r={**facts, "pictures": shown})


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130)
    return file.getvalue()


def _table(head: tuple, rows: list[tuple]) -> list[str]:
    """A Markdown table; bars in cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
