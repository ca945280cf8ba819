"""The model as an MLflow pyfunc: one output row per input row, in order, for lists, Series and DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlflow.models
import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel

if TYPE_CHECKING:
    from mlflow.pyfunc.model import PythonModelContext


class ServedModel(PythonModel):
    """Loads a model folder and scores the column ``text``; other columns pass through."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder from the artifacts."""
        from pipeline.model.store import load

        self.model = load(context.artifacts["model"])

    # Unannotated, because MLflow would infer a model schema from type hints.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Score n texts; returns a DataFrame of n rows.

        Parameters
        ----------
        params : ``evidence``: words of evidence per row with their contributions, such as ``halted +1.20; aid -0.31``,
            0 for none; ``actors``: whether to add who acts, who is acted on, and all actors, such as ``KEN; UGA``.

        Raises
        ------
        MlflowException
            If the input is neither a list of texts nor a table with a column ``text``. The server returns status 400
            with its message; for any other exception it would return a stack trace.
        """
        from pipeline.score.snippets import score
        from pipeline.write.tables import input_names

        texts, others = _texts(model_input)
        asked = {"evidence": 0, "actors": False} | (params or {})
        given = [text or "" for text in texts]
        frame = pd.DataFrame(score(self.model, given).columns())
        if asked["evidence"] > 0:
            from pipeline.score.evidence import explain

            why = map(explain(self.model, given, int(asked["evidence"])).of, range(len(given)))
            frame["evidence"] = ["; ".join(f"{words} {weight:+z.2f}" for words, weight in row) for row in why]
        if asked["actors"]:
            from pipeline.actors.roles import find_actors

            found = find_actors(given)
            rows = [found.of(row) for row in range(len(given))]
            frame["source"], frame["target"] = [row[0] for row in rows], [row[1] for row in rows]
            frame["actors"] = ["; ".join(row[2]) for row in rows]
        if others is not None:
            for name, new in zip(others.columns, input_names(others.columns, frame.columns)):
                frame[new] = others[name].tolist()
        pandas_made = isinstance(model_input, (pd.Series, pd.DataFrame))
        return frame.set_index(model_input.index) if pandas_made and len(frame) else frame


def _texts(given: Any) -> tuple[list[str | None], pd.DataFrame | None]:
    """The texts, None for each null, and the other columns."""
    if isinstance(given, str) or getattr(given, "ndim", 1) == 0:
        given = [str(given)]
    elif isinstance(given, dict) or (isinstance(given, list) and any(isinstance(row, dict) for row in given)):
        try:
            given = pd.DataFrame(given)
        except (TypeError, ValueError) as error:
            raise _refused(f"expected columns of equal length: {error}") from None
    elif getattr(given, "ndim", 1) == 2 and not hasattr(given, "columns"):
        if given.shape[1] != 1:
            raise _refused(f"expected one text per row, found {given.shape[1]}")
        given = given[:, 0]
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


def _text(value: Any, row: int) -> str | None:
    """A text that can be encoded as UTF-8; None for null."""
    if isinstance(value, (dict, list, tuple)) or getattr(value, "ndim", False):
        raise _refused(f"row {row}: expected a text, found {type(value).__name__}")
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    return str(value).encode("utf-8", "replace").decode()


def _refused(why: str) -> MlflowException:
    return MlflowException(f'{why}; send {{"inputs": ["a text", "another"]}}', error_code=INVALID_PARAMETER_VALUE)


# MLflow stores this file and runs it to load the model, so nothing is pickled.
mlflow.models.set_model(ServedModel())
