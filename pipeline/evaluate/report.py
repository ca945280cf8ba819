"""Evaluation reports as HTML, Markdown and JSON, and the model card."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole
from pipeline.errors import InputError
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.evaluate.pictures import calibration_picture, confusion_picture, events_picture, risk_picture
from pipeline.model.store import Model

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE, MARKDOWN, JSON, CARD = "report.html", "report.md", "report.json", "model-card.md"
_PICTURES = {
    confusion_picture: "Confusion matrix: true stances against given ones, as shares of each true stance",
    calibration_picture: "Calibration: how often the likeliest stance was right, against its probability, with the rows "
    "behind each point",
    events_picture: "Event types: true ones against given ones, numbers of snippets",
    risk_picture: "Risk and coverage: share of wrong answers against the share of snippets answered",
}
_HEADLINE = ("two_way.macro_f1", "three_way.macro_f1")


def write_report(done: Evaluation, model: Model, data: str, folder: Path) -> list[Path]:
    """Write the report as HTML, Markdown and JSON, its plots and the model card to a folder; return the paths.

    Raises `InputError` if the folder is a file.
    """
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the report, found a file")
    folder.mkdir(parents=True, exist_ok=True)
    pictures, facts = {}, report_facts(done, model, data)
    for draw, alt in _PICTURES.items():
        if (drawn := draw(done.judged)) is not None:
            drawn.savefig(file := io.BytesIO(), format="png", dpi=130)
            name = draw.__name__.replace("_picture", ".png")
            facts["pictures"].append({"file": name, "alt": alt})
            pictures[name] = file.getvalue()
    shown = [{**one, "data": base64.b64encode(pictures[one["file"]]).decode()} for one in facts["pictures"]]
    html = _environment()
    markdown = html.overlay(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    pages = {
        PAGE: html.get_template("report.html.j2").render(r={**facts, "pictures": shown}),
        MARKDOWN: markdown.get_template("report.md.j2").render(r=facts),
        JSON: json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        # After Mitchell et al. 2019, "Model Cards for Model Reporting".
        CARD: markdown.get_template("model-card.md.j2").render(r=facts, card=model.card),
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
        "pictures": [],
        "slices": [asdict(one) for one in done.slices],
        "mistakes": [asdict(one) for one in done.mistakes],
        "examples": [asdict(one) for one in done.examples],
        "comparisons": [_compared(name, one) for name, one in done.comparisons.items()],
    }


def _compared(name: str, one: Comparison) -> dict:
    """A comparison with a baseline as plain values: differences of the two macro-F1, and McNemar's test."""
    names = [metric for metric in _HEADLINE if metric in one.differences]
    differences = {metric: asdict(one.differences[metric]) for metric in names}
    right = {"only_model": one.only_first, "only_baseline": one.only_second}
    return {"name": name, "differences": differences, "p_value": one.p_value, **right}


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, select_autoescape

    loader = PackageLoader("pipeline.evaluate", ".")
    environment = Environment(loader=loader, autoescape=select_autoescape(["html.j2"]))
    environment.filters["in_words"] = metric_in_words
    environment.filters["difference"] = lambda figure: Figure(**figure).signed if figure else ""
    environment.filters["cell"] = lambda text: text.replace("|", "\\|")  # a cell of a Markdown table
    return environment
