"""The model as an MLflow pyfunc: one output row an input row, in order, for list, Series and DataFrame."""

from __future__ import annotations

import mlflow.models
import mlflow.pyfunc
import pandas as pd


class ServedModel(mlflow.pyfunc.PythonModel):
    """Loads a model folder and scores the ``text`` column, or the only column, of what it is given."""

    numbers = ("tension", "p_escalation", "p_de_escalation", "p_neutral", "coverage")

    def load_context(self, context):
        """Open the model folder among the artifacts."""
        from pipeline.model.store import load

        self.model = load(context.artifacts["model"])

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        """A DataFrame of n rows for n texts."""
        from pipeline.score.snippets import score

        texts = _texts(model_input)
        scores = score(self.model, texts)
        columns = (scores.tension, *scores.proba.T, scores.coverage)
        frame = pd.DataFrame({"stance": scores.stance, "event": scores.event, **dict(zip(self.numbers, columns))})
        return frame.set_index(model_input.index) if hasattr(model_input, "index") and len(frame) else frame


def _texts(given) -> list[str]:
    if hasattr(given, "columns"):
        given = given["text"] if "text" in given.columns else given.iloc[:, 0]
    return ["" if text is None or text != text else str(text) for text in given]


# MLflow stores this file and runs it when the model is loaded, so that nothing is pickled.
mlflow.models.set_model(ServedModel())
