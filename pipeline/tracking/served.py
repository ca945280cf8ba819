"""The model as an MLflow pyfunc: one output row an input row, in order, for list, Series and DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlflow.models
import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel

if TYPE_CHECKING:
    from mlflow.pyfunc.model import PythonModelContext


class ServedModel(PythonModel):
    """Loads a model folder and scores the column ``text`` of what it is given; other columns pass through."""

    numbers = ("tension", "relevance", "p_escalation", "p_de_escalation", "p_neutral", "coverage")

    def load_context(self, context: PythonModelContext) -> None:
        """Open the model folder among the artifacts."""
        from pipeline.model.store import load

        self.model = load(context.artifacts["model"])

    # MLflow would take types here for the schema of the model.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """A DataFrame of n rows for n texts.

        Parameters
        ----------
        params : ``evidence``: how many words of evidence a row gets, 0 for none; ``actors``: whether it says who acts and
            who is acted on.

        Raises
        ------
        MlflowException
            Where what is given is no list of texts and no table with a column ``text``: the server answers 400 with
            its message, while any other exception would be answered with a stack trace.
        """
        from pipeline.score.snippets import score
        from pipeline.write.rows import input_names

        texts, others = _texts(model_input)
        asked = {"evidence": 0, "actors": False} | (params or {})
        given = [text or "" for text in texts]
        scores = score(self.model, given)
        columns = (scores.tension, scores.relevance, *scores.proba.T, scores.coverage)
        frame = pd.DataFrame({"stance": scores.stance, "event": scores.event, **dict(zip(self.numbers, columns))})
        frame["reason"] = scores.reason
        if asked["evidence"] > 0:
            frame["evidence"] = self._evidence(given, int(asked["evidence"]))
        if asked["actors"]:
            from pipeline.actors.roles import find_actors

            found = find_actors(given)
            pairs = [found.of(row)[:2] for row in range(len(given))]
            frame["source"], frame["target"] = zip(*pairs) if pairs else ((), ())
        if others is not None:
            for name, new in zip(others.columns, input_names(others.columns, frame.columns)):
                frame[new] = others[name].tolist()
        pandas_made = isinstance(model_input, (pd.Series, pd.DataFrame))
        return frame.set_index(model_input.index) if pandas_made and len(frame) else frame

    def _evidence(self, texts: list[str], top: int) -> list[str]:
        """Words with their contributions, such as ``halted +1.20; aid -0.31``."""
        from pipeline.score.evidence import explain

        found = explain(self.model, texts, top)
        return ["; ".join(f"{words} {weight:+.2f}" for words, weight in found.of(row)) for row in range(len(texts))]


def _texts(given: Any) -> tuple[list[str | None], pd.DataFrame | None]:
    """Texts, None for each null, and the columns beside them."""
    if isinstance(given, str) or getattr(given, "ndim", 1) == 0:
        given = [str(given)]
    elif isinstance(given, dict) or (isinstance(given, list) and any(isinstance(row, dict) for row in given)):
        given = _frame(given)
    elif getattr(given, "ndim", 1) == 2 and not hasattr(given, "columns"):
        given = _one_column(given)
    others = None
    if hasattr(given, "columns"):
        if not len(given.columns):
            return [], None
        if "text" not in given.columns and len(given.columns) > 1:
            raise _refused(f"expected a column named text, found {', '.join(map(str, given.columns))}")
        name = "text" if "text" in given.columns else given.columns[0]
        others = given.drop(columns=name)
        given = given[name]
    return [_text(value, row) for row, value in enumerate(given, start=1)], others


def _frame(given: Any) -> pd.DataFrame:
    """A table from JSON objects: of columns, or of one row each."""
    try:
        return pd.DataFrame(given)
    except (TypeError, ValueError) as error:
        raise _refused(f"expected columns of one length: {error}") from None


def _one_column(given: np.ndarray) -> np.ndarray:
    if given.shape[1] != 1:
        raise _refused(f"expected one text a row, found {given.shape[1]}")
    return given[:, 0]


def _text(value: Any, row: int) -> str | None:
    """A text as UTF-8 can say it; None for null."""
    if isinstance(value, (dict, list, tuple)) or getattr(value, "ndim", False):
        raise _refused(f"row {row}: expected a text, found {type(value).__name__}")
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    return str(value).encode("utf-8", "replace").decode()


def _refused(why: str) -> MlflowException:
    return MlflowException(f'{why}; send {{"inputs": ["a text", "another"]}}', error_code=INVALID_PARAMETER_VALUE)


# MLflow stores this file and runs it when the model is loaded, so that nothing is pickled.
mlflow.models.set_model(ServedModel())
