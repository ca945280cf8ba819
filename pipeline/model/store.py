"""The model folder: written whole or not at all, opened without running anything in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import DetenteError, ModelError
from pipeline.model.calibration import scale_of
from pipeline.model.settings import Settings, settings_from
from pipeline.model.weights import Weights
from pipeline.stance import LABELS
from pipeline.text.lexicon import Lexicon
from pipeline.text.vocabulary import Vocabulary

FORMAT = 3
_WORD_LISTS = ("symbols", "words", "common", "leading", "states", "groups")


@dataclass(frozen=True)
class Files:
    """The files of a model folder."""

    card: str = "card.json"
    weights: str = "weights.npz"
    words: str = "words.json"
    pipeline: str = "pipeline.joblib"
    seen: str = "seen.npy"
    run: str = "run.json"


FILES = Files()


@dataclass(frozen=True)
class Model:
    """A model as scoring uses it.

    Attributes
    ----------
    weights : the arrays.
    settings : what it was trained with.
    threshold : the least probability of the stance for an answer other than `unclear`.
    card : everything that ``card.json`` says.
    folder : where it was read from.
    """

    weights: Weights
    settings: Settings
    threshold: float
    card: dict
    folder: Path

    @property
    def priors(self) -> tuple[float, float, float]:
        """Shares of the stances among political texts, under which the probabilities were calibrated."""
        return tuple(self.card["priors"])

    @property
    def knows_events(self) -> bool:
        """Whether it learned event types, and not stances alone."""
        return bool(self.card["data"]["events"])


def save(folder: str | Path, weights: Weights, card: dict, pipeline=None, seen: np.ndarray | None = None) -> Path:
    """Write a model folder; one that stands there is replaced only once the new one is whole.

    Parameters
    ----------
    card : what the card says beside the format and the hashes; needs ``settings`` and ``threshold``.
    pipeline : the fitted scikit-learn pipeline, left out where None.
    seen : signatures of the training texts (`pipeline.corpus.signatures`), left out where None.
    """
    folder = Path(folder)
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        os.chmod(part, 0o755)
        _write_parts(part, weights, pipeline)
        if seen is not None:
            np.save(part / FILES.seen, seen)
        hashes = {file.name: _sha256(file) for file in sorted(part.iterdir())}
        # The card is written last: its presence means that the model is whole.
        text = json.dumps({"format": FORMAT, **card, "sha256": hashes}, indent=2, ensure_ascii=False)
        (part / FILES.card).write_text(text + "\n", encoding="utf-8")
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        if folder.exists():
            os.replace(folder, old)
        os.replace(part, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def check_replaceable(folder: str | Path) -> None:
    """Raise `ModelError` where something other than a model or an empty folder stands in the place of a new model."""
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / FILES.card).exists()):
        raise ModelError(f"{folder}: holds something that is no model; refusing to replace it, name another folder")


def load(folder: str | Path) -> Model:
    """Open a model folder: arrays and JSON only, every file checked against its hash.

    Raises
    ------
    ModelError
        Where there is no model, or it is damaged or of another format.
    """
    folder = Path(folder)
    card = read_card(folder)
    words = json.loads(_checked_bytes(folder, FILES.words, card))
    arrays = np.load(io.BytesIO(_checked_bytes(folder, FILES.weights, card)), allow_pickle=False)
    try:
        settings = settings_from(card["settings"], str(folder / FILES.card))
        if card["labels"] != list(LABELS):
            raise ModelError(f"{folder}: was trained on other labels; train it again")
        columns = {name: as_strings(words[name]) for name in _WORD_LISTS}
        lexicon = Lexicon(
            **columns, symbol_of_word=arrays["symbol_of_word"], pairs=arrays["pairs"], stems=settings.text.stems
        )
        vocabulary = Vocabulary(lexicon, arrays["keys"], settings.text)
        coef = arrays["coef"] / arrays["scale"]
        weights = Weights(vocabulary, arrays["idf"], coef, arrays["intercept"], arrays["marks"])
        _check_shapes(folder, weights)
        return Model(weights, settings, float(card["threshold"]), card, folder)
    except (KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
        if isinstance(error, DetenteError):
            raise
        raise _damaged(folder, f"{type(error).__name__}: {error}") from None


def read_card(folder: str | Path) -> dict:
    """The card of a model folder."""
    path = Path(folder) / FILES.card
    if not path.exists():
        found = "an unfinished or foreign folder" if Path(folder).is_dir() else "nothing"
        raise ModelError(f"{folder}: expected a model folder with {FILES.card}, found {found}; run `detente train`")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        version = card["format"]
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder, f"{FILES.card} is no model card") from None
    if version != FORMAT:
        raise ModelError(f"{folder}: model format {version}, expected {FORMAT}; train it again with this version")
    return card


def load_pipeline(folder: str | Path):
    """The scikit-learn pipeline of a model folder, unpickled only after its hash was checked.

    A hash says that the file is the one the card speaks of, not that its author means well:
    unpickle nobody's model but your own.
    """
    import joblib

    return joblib.load(io.BytesIO(_checked_bytes(Path(folder), FILES.pipeline, read_card(folder))))


def remember_run(folder: str | Path, run_id: str) -> None:
    """Write down which tracked run the model comes from; outside the card, since it is known only later."""
    (Path(folder) / FILES.run).write_text(json.dumps({"run_id": run_id}) + "\n", encoding="utf-8")


def run_of(model: Model) -> str | None:
    """The id of the tracked run the model comes from, None where it was never logged."""
    path = model.folder / FILES.run
    return json.loads(path.read_text(encoding="utf-8")).get("run_id") if path.exists() else None


def load_signatures(model: Model) -> np.ndarray | None:
    """Signatures of the training texts, None where the model folder holds none."""
    if FILES.seen not in model.card["sha256"]:
        return None
    return np.load(io.BytesIO(_checked_bytes(model.folder, FILES.seen, model.card)), allow_pickle=False)


def _write_parts(part: Path, weights: Weights, pipeline) -> None:
    vocabulary, scale = weights.vocabulary, scale_of(weights.coef)
    np.savez(
        part / FILES.weights,
        keys=vocabulary.keys,
        pairs=vocabulary.lexicon.pairs,
        symbol_of_word=vocabulary.lexicon.symbol_of_word,
        idf=weights.idf,
        coef=np.round(weights.coef * scale).astype(np.int16),
        scale=scale,
        intercept=weights.intercept,
        marks=weights.marks,
    )
    lexicon = vocabulary.lexicon
    words = {name: getattr(lexicon, name).to_pylist() for name in _WORD_LISTS}
    (part / FILES.words).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    if pipeline is not None:
        import joblib

        joblib.dump(pipeline, part / FILES.pipeline, compress=3)


def _checked_bytes(folder: Path, name: str, card: dict) -> bytes:
    path = folder / name
    wanted = card.get("sha256", {}).get(name)
    if wanted is None or not path.exists():
        raise _damaged(folder, f"{name} is missing")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != wanted:
        raise _damaged(folder, f"{name} is not the file its card speaks of (sha256 differs)")
    return content


def _check_shapes(folder: Path, weights: Weights) -> None:
    n = len(weights.vocabulary)
    if weights.idf.shape != (n,) or weights.coef.shape != (n, len(LABELS)) or weights.intercept.shape != (len(LABELS),):
        raise _damaged(folder, f"arrays of {n} terms do not fit together")


def _damaged(folder, why: str) -> ModelError:
    return ModelError(f"{folder}: damaged model: {why}; restore the folder or run `detente train` again")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
