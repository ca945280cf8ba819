"""An evaluation as a page, as Markdown, as JSON, and the model card made of it."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.metrics import HEADLINES
from pipeline.evaluate.pictures import calibration_picture, confusion_picture, risk_picture
from pipeline.model.store import Model

PAGE, MARKDOWN, JSON, CARD = "report.html", "report.md", "report.json", "model-card.md"
_ALT = {
    confusion_picture: "Confusion matrix: true stances against given ones, as shares of each true stance",
    calibration_picture: "Calibration: how often the likeliest stance was right, against its probability",
    risk_picture: "Risk and coverage: share of wrong answers against the share of snippets answered",
}


def write_report(done: Evaluation, model: Model, data: str, folder: Path) -> list[Path]:
    """Write the page, its Markdown and JSON twins and the model card into a folder, and return their paths."""
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the report, found a file")
    folder.mkdir(parents=True, exist_ok=True)
    facts = report_facts(done, model, data)
    pages = {
        PAGE: _html(facts, _pictures(done)),
        MARKDOWN: report_markdown(facts),
        JSON: json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        CARD: card_markdown(facts, model.card),
    }
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def report_facts(done: Evaluation, model: Model, data: str) -> dict:
    """All that the report says, as plain values."""
    headline = ("two_way.macro_f1", "three_way.macro_f1")
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
        "baselines": {name: [str(row.get(k, "")) for k in headline] for name, row in baselines.items()},
        "slices": [asdict(one) for one in done.slices],
        "mistakes": [asdict(one) for one in done.mistakes],
    }


def report_markdown(facts: dict) -> str:
    """The report as Markdown, without pictures."""
    lines = [
        f"# {facts['title']}",
        "",
        f"{facts['rows']} snippets; {facts['leaked']} left out as seen in training.",
        "",
    ]
    lines += [f"> {warning}\n" for warning in facts["warnings"]]
    figures = [
        (name, f"{f['value']:.3f}", f"{f['low']:.3f} to {f['high']:.3f}") for name, f in facts["figures"].items()
    ]
    lines += ["## Figures", "", *_table(("metric", "value", "95 % interval"), figures)]
    if facts["baselines"]:
        rows = [(name, *row) for name, row in facts["baselines"].items()]
        lines += ["", "## Against baselines", "", *_table(("system", "two-way macro-F1", "three-way macro-F1"), rows)]
    cuts = [
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
    lines += ["", "## Slices", "", *_table(("kind", "slice", "rows", "right", "95 % interval", ""), cuts)]
    wrong = [
        (
            m["text"],
            m["true"],
            m["given"],
            f"{m['probability']:.2f}",
            ", ".join(f"{w} {x:+.1f}" for w, x in m["evidence"]),
        )
        for m in facts["mistakes"]
    ]
    lines += ["", "## The most confident mistakes", "", *_table(("text", "true", "given", "p", "evidence"), wrong)]
    return "\n".join(lines) + "\n"


def card_markdown(facts: dict, card: dict) -> str:
    """A model card (Mitchell et al. 2019, "Model Cards for Model Reporting")."""
    data, figures = card["data"], facts["figures"]
    weak = [
        f"{s['kind']} {s['name']} ({s['accuracy']:.2f} of {s['rows']} right)" for s in facts["slices"] if s["worse"]
    ]
    headline = [
        (name, f"{figures[name]['value']:.3f}", f"{figures[name]['low']:.3f} to {figures[name]['high']:.3f}")
        for name in ("two_way.macro_f1", "three_way.macro_f1", "events.macro_f1", "ece")
        if name in figures
    ]
    sources = ", ".join(f"{name} ({rows:,})" for name, rows in data["sources"].items())
    return "\n".join(
        [
            f"# Model card: {card['name']}, {card['made']}",
            "",
            "**Use.** Says of English news sentences whether tension between political actors is rising or easing, "
            "for analysts who look at the sentences behind a figure. Not for decisions about persons, and not for "
            "other languages.",
            "",
            f"**Data.** {data['rows']:,} labelled snippets: {sources}; sha256 of texts and labels {data['sha256']}.",
            "",
            f"**Model.** TF-IDF over {card['terms']:,} terms and logistic regression over event types, "
            f"calibrated; answers under a probability of {card['threshold']:.2f} are `unclear`.",
            "",
            f"**Figures on {facts['data']}** ({facts['rows']} snippets the model has not seen)",
            "",
            *_table(("metric", "value", "95 % interval"), headline),
            "",
            f"**Weak where.** {'; '.join(weak) if weak else 'No slice is significantly worse than the rest.'}",
            "",
            f"**Reproduce.** `detente train` on the same data with the settings in `card.json`, with "
            f"{', '.join(f'{name} {v}' for name, v in card['versions'].items())}; then "
            f"`detente evaluate --data {facts['data']} --report DIR`.",
            "",
        ]
    )


def _html(facts: dict, pictures: list[dict]) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("pipeline.evaluate", "."), autoescape=True)
    return environment.get_template("report.html.j2").render(r={**facts, "pictures": pictures})


def _pictures(done: Evaluation) -> list[dict]:
    found = []
    for draw, alt in _ALT.items():
        file = io.BytesIO()
        draw(done.judged).savefig(file, format="png", dpi=130)
        found.append({"alt": alt, "data": base64.b64encode(file.getvalue()).decode()})
    return found


def _table(head: tuple, rows: list[tuple]) -> list[str]:
    """A Markdown table; bars in cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
