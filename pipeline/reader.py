"""The Python face: a model that takes lists, Series and DataFrames and gives DataFrames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.model.store import Model, load
from pipeline.read.tables import TEXT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def open_model(address: str) -> Model:
    """The model in a folder or behind an MLflow address; raises `ModelError` or `TrackingError`."""
    if ":/" not in address:
        return load(address)
    from pipeline.tracking.runs import model_folder

    return load(model_folder(address))


@dataclass(frozen=True)
class Reader:
    """Reads texts with a model."""

    model: Model

    def score(self, texts, actors: bool = False) -> pd.DataFrame:
        """Stance, event type, tension, probabilities and coverage of each text.

        Parameters
        ----------
        texts : a list or Series of n strings, or a DataFrame with a text column.
        actors : also say who acts and who is acted on: columns ``source``, ``target`` and ``actors``.

        Returns
        -------
        DataFrame of n rows, in order, with the index of ``texts`` where it has one.
        """
        import pandas as pd

        from pipeline.score.snippets import score

        column = self._column(texts)
        scores = score(self.model, column)
        up, down, neither = scores.proba.T
        frame = pd.DataFrame(
            {
                "stance": scores.stance,
                "event": scores.event,
                "tension": scores.tension,
                "relevance": scores.relevance,
                "p_escalation": up,
                "p_de_escalation": down,
                "p_neutral": neither,
                "coverage": scores.coverage,
                "reason": scores.reason,
            },
            index=getattr(column, "index", None) if not isinstance(column, list) else None,
        )
        if actors:
            from pipeline.actors.roles import find_actors

            found = find_actors(column)
            frame["source"], frame["target"], frame["actors"] = zip(*map(found.of, range(len(frame))))
        return frame

    def evidence(self, text: str) -> pd.DataFrame:
        """The words that moved a text's score, with their contributions to the log-odds, the strongest first."""
        import pandas as pd

        from pipeline.score.evidence import explain

        return pd.DataFrame(explain(self.model, [text]).of(0), columns=["words", "weight"])

    def explain(self, text: str):
        """A sentence or an article with its words marked; shows itself in a notebook (`pipeline.explain.explanation`)."""
        from pipeline.explain.explanation import explain_text

        return explain_text(self.model, text)

    def article(self, text: str) -> pd.DataFrame:
        """The distinct sentences of an article, scored, with the number of times each stands there."""
        from pipeline.score.articles import score_articles

        article = score_articles(self.model, [text])
        table = self.score(article.texts)
        table.insert(0, "text", article.texts)
        table["repeats"] = article.repeats
        return table

    @staticmethod
    def _column(texts):
        if isinstance(texts, str):
            raise InputError("expected a list of texts, got one string; write [text]")
        if not hasattr(texts, "columns"):
            return texts
        for name in TEXT_COLUMNS:
            if name in texts.columns:
                return texts[name]
        raise InputError(
            f"expected a column named {' or '.join(TEXT_COLUMNS)}, found {', '.join(map(str, texts.columns))}"
        )
