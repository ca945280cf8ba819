"""The model folder: written atomically, opened without executing code."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from pipeline.atomic import write_whole
from pipeline.errors import ModelError
from pipeline.model.card import FORMAT, Traced, check_card, in_json, parse
from pipeline.model.folder import FILES, checked_bytes, damaged, read_file, sha256
from pipeline.model.layout import SEEN, STRINGS, WEIGHTS, Spec, arrays_of, check, scale_of, strings_of
from pipeline.model.settings import Settings
from pipeline.model.weights import Weights
from pipeline.text.lexicon import Lexicon
from pipeline.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Model:
    """A model as used for scoring.

    Attributes
    ----------
    weights : the arrays.
    settings : the settings it was trained with.
    threshold : the least probability of the stance for an answer other than `unclear`.
    card : the content of ``card.json``.
    folder : where it was read from.
    """

    weights: Weights
    settings: Settings
    threshold: float
    card: dict
    folder: Path

    @property
    def priors(self) -> tuple[float, float, float]:
        """Shares of the stances among political texts for which the probabilities were calibrated."""
        return tuple(self.card["priors"])

    @property
    def knows_events(self) -> bool:
        """Whether it learned event types, not only stances."""
        return bool(self.card["data"]["events"])


def save(
    folder: str | Path, weights: Weights, card: dict, pipeline: Pipeline | None = None, seen: np.ndarray | None = None
) -> Path:
    """Write a model folder; an existing one is replaced only once the new one is complete.

    Parameters
    ----------
    card : the card without the format and the hashes; needs ``settings`` and ``threshold``.
    pipeline : the fitted scikit-learn pipeline, left out if None.
    seen : signatures of the training texts (`pipeline.corpus.near`), left out if None.
    """
    folder = Path(folder)
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        os.chmod(part, 0o755)  # noqa: S103  like any new folder, not like a temporary one
        _write_parts(part, weights, pipeline, seen)
        hashes = {file.name: sha256(file.read_bytes()) for file in sorted(part.iterdir())}
        # The card is written last: its presence means that the model is complete.
        text = in_json({"format": FORMAT, **card, "sha256": hashes})
        check_card(parse(text.encode()))
        (part / FILES.card).write_text(text, encoding="utf-8")
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(part, folder)
        except OSError:
            if old.exists():
                os.replace(old, folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def check_replaceable(folder: str | Path) -> None:
    """Raise `ModelError` if the path holds anything but a model or an empty folder."""
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / FILES.card).exists()):
        raise ModelError(f"{folder}: contains something other than a model, which is not replaced; name another folder")


def load(folder: str | Path) -> Model:
    """Open a model folder: arrays and JSON only, every file checked against its hash, every value against its range.

    Raises
    ------
    ModelError
        If there is no model, or it is damaged, forged or of another format.
    """
    folder = Path(folder)
    card = read_card(folder)
    settings = check_card(card, folder).settings
    arrays = _arrays(folder, FILES.weights, card, WEIGHTS)
    try:
        columns = {name: strings_of(arrays, name) for name in STRINGS}
        if card["terms"] != len(arrays["keys"]):
            raise ValueError(f"{len(arrays['keys']):,} terms, expected {card['terms']:,} as its card says")
        if not np.isfinite(arrays["intercept"][:-1]).any():
            raise ValueError("no label was trained on")
    except ValueError as error:
        raise damaged(folder, f"{FILES.weights}: {error}") from None
    lexicon = Lexicon(
        **columns, symbol_of_word=arrays["symbol_of_word"], pairs=arrays["pairs"], stems=settings.text.stems
    )
    vocabulary = Vocabulary(lexicon, arrays["keys"], settings.text)
    coef = arrays["coef"] / arrays["scale"]
    weights = Weights(vocabulary, arrays["idf"].astype(float), coef, arrays["intercept"], arrays["marks"])
    return Model(weights, settings, float(card["threshold"]), card, folder)


def read_card(folder: str | Path) -> dict:
    """The card of a model folder; its values are checked by `load`.

    Raises `ModelError` if there is none, or it is not of this format.
    """
    folder = Path(folder)
    if not os.path.lexists(folder / FILES.card):
        found = "an unfinished or foreign folder" if folder.is_dir() else "nothing"
        raise ModelError(f"{folder}: expected a model folder with {FILES.card}, found {found}; run `detente train`")
    return parse(read_file(folder, FILES.card), folder)


def load_pipeline(folder: str | Path) -> Pipeline:
    """The scikit-learn pipeline of a model folder, unpickled only after its hash was checked.

    The hash shows that the file belongs to its card, not that its author is trustworthy: load only models you made
    yourself.
    """
    import joblib

    folder = Path(folder)
    return joblib.load(io.BytesIO(checked_bytes(folder, FILES.pipeline, check_card(read_card(folder), folder).sha256)))


def remember_run(folder: str | Path, run_id: str) -> None:
    """Record which tracked run the model comes from; outside the card, since it is known only later."""
    write_whole(Path(folder) / FILES.run, json.dumps({"run_id": run_id}) + "\n")


def run_of(model: Model) -> str | None:
    """The id of the tracked run the model comes from, None if it was never logged."""
    if not os.path.lexists(model.folder / FILES.run):
        return None
    try:
        return msgspec.json.decode(read_file(model.folder, FILES.run), type=Traced).run_id
    except msgspec.DecodeError as error:
        raise damaged(model.folder, f"{FILES.run}: {error}") from None


def load_signatures(model: Model) -> np.ndarray | None:
    """(n_seen, 32) uint8 signatures of the training texts, None if the folder has none; raises `ModelError`."""
    if FILES.seen not in model.card["sha256"]:
        return None
    from pipeline.corpus.near import SIZE

    seen = _arrays(model.folder, FILES.seen, model.card, SEEN)["seen"]
    if seen.shape[1] != SIZE:
        raise damaged(model.folder, f"{FILES.seen}: expected signatures of {SIZE} bytes, found {seen.shape[1]}")
    return seen


def _write_parts(part: Path, weights: Weights, pipeline: Pipeline | None, seen: np.ndarray | None) -> None:
    lexicon, scale = weights.vocabulary.lexicon, scale_of(weights.coef)
    arrays = {
        "keys": weights.vocabulary.keys,
        "pairs": lexicon.pairs,
        "symbol_of_word": lexicon.symbol_of_word,
        "idf": weights.idf.astype(np.float32),
        "coef": np.round(weights.coef * scale).astype(np.int16),
        "scale": np.array(scale),
        "intercept": weights.intercept,
        "marks": weights.marks,
    }
    for name in STRINGS:
        arrays |= arrays_of(name, getattr(lexicon, name))
    _write_arrays(part / FILES.weights, arrays, WEIGHTS)
    if seen is not None:
        _write_arrays(part / FILES.seen, {"seen": seen}, SEEN)
    if pipeline is not None:
        import joblib

        joblib.dump(pipeline, part / FILES.pipeline, compress=("xz", 1))  # a quarter smaller than zlib


def _write_arrays(path: Path, arrays: dict[str, np.ndarray], table: dict[str, Spec]) -> None:
    check(arrays, table)
    path.write_bytes(safetensors.save({name: np.asarray(array, order="C") for name, array in arrays.items()}))


def _arrays(folder: Path, name: str, card: dict, table: dict[str, Spec]) -> dict[str, np.ndarray]:
    """The checked arrays of a safetensors file, a format that can hold only numbers and a header."""
    content = checked_bytes(folder, name, card["sha256"])
    try:
        arrays = safetensors.load(content)
        check(arrays, table)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:  # the last three: exotic types
        raise damaged(folder, f"{name}: {str(error)[:200] or type(error).__name__}") from None
    return arrays
