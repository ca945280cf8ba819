"""The model as an MLflow pyfunc: one output row an input row, in order, for list, Series and DataFrame."""

from __future__ import annotations

import mlflow.models
import mlflow.pyfunc
import pandas as pd


class ServedModel(mlflow.pyfunc.PythonModel):
    """Loads a model folder and scores the column ``text`` of what it is given; other columns pass through."""

    numbers = ("tension", "relevance", "p_escalation", "p_de_escalation", "p_neutral", "coverage")

    def load_context(self, context):
        """Open the model folder among the artifacts."""
        from pipeline.model.store import load

        self.model = load(context.artifacts["model"])

    def predict(self, context, model_input, params=None):
        """A DataFrame of n rows for n texts.

        Parameters
        ----------
        params : ``evidence``: how many words of evidence a row gets, 0 for none; ``actors``: whether it says who acts and
            who is acted on.

        Raises
        ------
        ValueError
            Where a table has several columns and none of them is ``text``.
        """
        from pipeline.score.snippets import score

        texts, others = _texts(model_input)
        asked = {"evidence": 0, "actors": False} | (params or {})
        given = ["" if text is None else text for text in texts]
        scores = score(self.model, given)
        columns = (scores.tension, scores.relevance, *scores.proba.T, scores.coverage)
        frame = pd.DataFrame({"stance": scores.stance, "event": scores.event, **dict(zip(self.numbers, columns))})
        frame["reason"] = scores.reason
        if asked["evidence"]:
            frame["evidence"] = self._evidence(given, int(asked["evidence"]))
        if asked["actors"]:
            from pipeline.actors.roles import find_actors

            found = find_actors(given)
            frame["source"], frame["target"], _ = zip(*map(found.of, range(len(given))))
        if others is not None:
            for name in others.columns:
                frame[name if name not in frame else f"{name}_input"] = others[name].tolist()
        pandas_made = isinstance(model_input, (pd.Series, pd.DataFrame))
        return frame.set_index(model_input.index) if pandas_made and len(frame) else frame

    def _evidence(self, texts: list[str], top: int) -> list[str]:
        """Words with their contributions, such as ``halted +1.20; aid -0.31``."""
        from pipeline.score.evidence import explain

        found = explain(self.model, texts, top)
        return ["; ".join(f"{words} {weight:+.2f}" for words, weight in found.of(row)) for row in range(len(texts))]


def _texts(given) -> tuple[list[str | None], pd.DataFrame | None]:
    """Texts, None for each null, and the columns beside them."""
    others = None
    if hasattr(given, "columns"):
        if "text" not in given.columns and len(given.columns) > 1:
            raise ValueError(f"expected a column named text, found {', '.join(map(str, given.columns))}")
        name = "text" if "text" in given.columns else given.columns[0]
        others = given.drop(columns=name)
        given = given[name]
    return [None if text is None or text != text else str(text) for text in given], others


# MLflow stores this file and runs it when the model is loaded, so that nothing is pickled.
mlflow.models.set_model(ServedModel())
