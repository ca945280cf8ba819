"""Model folders that somebody made up, every hash recomputed: each is refused in one line, or is harmless."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as arrays_in
from safetensors.numpy import save as packed

from pipeline.corpus.near import SIZE
from pipeline.errors import ModelError
from pipeline.experiment.train import train
from pipeline.model.card import FORMAT
from pipeline.model.folder import FILES, LARGEST
from pipeline.model.layout import WEIGHTS
from pipeline.model.settings import Abstention, Settings, Training
from pipeline.model.store import load, load_pipeline, load_signatures, run_of
from pipeline.score.snippets import score
from tests import forked
from tests.conftest import ROOT

TEXTS = ["Kenya accused Uganda of an attack on two soldiers.", "Both sides did not sign the truce in Chad.", ""]
MEMORY = 64 << 20  # the most that refusing a made-up folder of a small model may take, in bytes
SECONDS = 3  # the most that refusing one may take, on a busy machine
FIRST = ROOT / "tests" / "data" / "first_release"


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


@pytest.fixture(scope="module")
def small(corpus, tmp_path_factory):
    rows = corpus.take(np.arange(0, len(corpus), 9))
    made = train(rows, Settings(training=Training(folds=2), abstention=Abstention(precision=0.8)))
    return made.save(tmp_path_factory.mktemp("hostile") / "small")


@pytest.fixture(scope="module")
def contents(small):
    return {path.name: path.read_bytes() for path in small.iterdir()}


@pytest.fixture(scope="module")
def right(small):
    return score(load(small), TEXTS).label_proba


def made_up(place: Path, contents: dict, changed: dict, card: dict | None = None) -> Path:
    """A model folder with other files (None: no such file) whose card lists them."""
    place.mkdir(parents=True, exist_ok=True)
    files = {name: content for name, content in (contents | changed).items() if content is not None}
    said = json.loads(files[FILES.card]) if card is None else card
    if card is None:
        said["sha256"] |= {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        said["sha256"].pop(FILES.card)
    files[FILES.card] = json.dumps(said).encode() if FILES.card not in changed else changed[FILES.card]
    for name, content in files.items():
        (place / name).unlink(missing_ok=True)
        (place / name).write_bytes(content)
    return place


def refused(folder: Path) -> str:
    begun = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        load_signatures(load(folder))
    assert time.perf_counter() - begun < SECONDS
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600 and str(folder) in message
    return message


def refused_or_the_same(folder: Path, right: np.ndarray) -> None:
    try:
        model = load(folder)
    except ModelError as error:
        assert "\n" not in str(error)
    else:
        assert np.array_equal(score(model, TEXTS).label_proba, right)


def refused_or_sound(folder: Path) -> None:
    """Refused, or another model, whose probabilities are probabilities."""
    try:
        model = load(folder)
    except ModelError as error:
        assert "\n" not in str(error)
    else:
        proba = score(model, TEXTS).label_proba
        assert np.isfinite(proba).all() and np.allclose(proba.sum(axis=1), 1)


def _put(array, value, where=0):
    out = array.copy()
    out.reshape(-1)[where] = value
    return out


OTHER_TYPES = [np.float32, np.float64, np.int8, np.int32, np.int64, np.uint64, np.bool_]
TYPES = [(name, kind) for name in WEIGHTS for kind in OTHER_TYPES if np.dtype(kind) != WEIGHTS[name].dtype]
SHAPES = {
    "one dimension more": lambda a: a[None],
    "flat": lambda a: a.reshape(-1) if a.ndim != 1 else a.reshape(-1, 1),
    "transposed": lambda a: a.T if a.ndim == 2 else a[:, None, None] if a.ndim else a[None, None],
}
FLOATS = [name for name, spec in WEIGHTS.items() if spec.dtype == "float64"]
BAD_FLOATS = [np.nan, 1e300, -1e300]
RISING = [name for name, spec in WEIGHTS.items() if spec.rising or spec.steady]
SIGNED = [name for name, spec in WEIGHTS.items() if spec.dtype in ("int32", "int64")]


@pytest.fixture
def with_array(contents, tmp_path):
    """Makes a folder with one array changed, None: left out."""

    def change(name, other, more=()):
        arrays = arrays_in(contents[FILES.weights])
        arrays[name] = other(arrays[name])
        arrays = {key: np.array(array, order="C") for key, array in (arrays | dict(more)).items() if array is not None}
        return made_up(tmp_path / "m", contents, {FILES.weights: packed(arrays)})

    return change


@pytest.mark.parametrize(("name", "kind"), TYPES, ids=lambda value: getattr(value, "__name__", value))
def test_an_array_of_another_type_is_refused(with_array, name, kind):
    assert f"{name}: expected" in refused(with_array(name, lambda a: a.astype(kind)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", WEIGHTS)
def test_an_array_of_another_shape_is_refused(with_array, name, shape):
    assert "expected" in refused(with_array(name, SHAPES[shape]))


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_missing_array_is_refused(with_array, name):
    assert f"{name}: no such array" in refused(with_array(name, lambda a: None))


def test_an_array_that_no_model_has_is_refused(with_array):
    assert "spell: an array that no model has" in refused(with_array("idf", lambda a: a, {"spell": np.zeros(2)}))


@pytest.mark.parametrize("value", BAD_FLOATS)
@pytest.mark.parametrize("name", FLOATS)
def test_nan_and_huge_weights_are_refused(with_array, name, value):
    assert f"{name}: expected values of" in refused(with_array(name, lambda a: _put(a, value)))


@pytest.mark.parametrize("name", ["idf", "scale", "marks"])
def test_infinite_weights_are_refused(with_array, name):
    refused(with_array(name, lambda a: _put(a, np.inf)))
    refused(with_array(name, lambda a: _put(a, -np.inf)))


def test_only_relevance_may_be_without_end(with_array):
    assert "infinity before its last value" in refused(with_array("intercept", lambda a: _put(a, np.inf)))
    assert "no label was trained on" in refused(with_array("intercept", lambda a: np.full_like(a, -np.inf)))


@pytest.mark.parametrize("name", SIGNED)
def test_negative_and_enormous_whole_numbers_are_refused(with_array, name):
    refused(with_array(name, lambda a: _put(a, -1)))
    refused(with_array(name, lambda a: _put(a, np.iinfo(a.dtype).max, -1)))
    refused(with_array(name, lambda a: _put(a, np.iinfo(a.dtype).min)))


@pytest.mark.parametrize("name", RISING)
def test_unsorted_values_are_refused(with_array, name):
    assert f"{name}: expected rising values" in refused(with_array(name, lambda a: a[::-1]))


@pytest.mark.parametrize("name", ["keys", "pairs"])
def test_symbols_out_of_range_are_refused(with_array, name):
    bits = {"keys": 22, "pairs": 32}[name]
    for shift in (0, bits):
        wild = (1 << 21) << shift
        assert f"{name}: expected symbols under" in refused(with_array(name, lambda a: np.sort(_put(a, wild, -1))))  # noqa: B023
    assert "keys: expected rising values" in refused(with_array("keys", lambda a: _put(a, a[1])))


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("cut", [1, 2, 1000])
def test_a_shorter_or_longer_array_is_refused_or_a_sound_model(with_array, name, cut):
    refused_or_sound(with_array(name, lambda a: a[:-cut] if a.ndim else a))
    refused_or_sound(with_array(name, lambda a: np.concatenate([a, a[:cut]]) if a.ndim else a))


@pytest.mark.parametrize("name", ["keys", "idf", "coef", "intercept", "marks", "symbol_of_word"])
@pytest.mark.parametrize("cut", [1, 2])
def test_arrays_that_do_not_fit_together_are_refused(with_array, name, cut):
    assert "expected" in refused(with_array(name, lambda a: a[:-cut]))
    assert "expected" in refused(with_array(name, lambda a: a[:0]))


@pytest.mark.parametrize(
    "pair", [("symbols", "words"), ("common", "words"), ("leading", "states"), ("groups", "symbols")]
)
def test_swapped_lists_of_words_are_refused_or_a_sound_model(contents, tmp_path, pair):
    arrays = arrays_in(contents[FILES.weights])
    for part in ("bytes", "ends"):
        one, two = (f"{name}.{part}" for name in pair)
        arrays[one], arrays[two] = arrays[two], arrays[one]
    folder = made_up(tmp_path / "m", contents, {FILES.weights: packed(arrays)})
    refused(folder) if "symbols" in pair else refused_or_sound(folder)


@pytest.mark.parametrize("pair", [("idf", "keys"), ("marks", "intercept"), ("pairs", "keys"), ("coef", "idf")])
def test_swapped_arrays_are_refused(contents, tmp_path, pair):
    arrays = arrays_in(contents[FILES.weights])
    arrays[pair[0]], arrays[pair[1]] = arrays[pair[1]], arrays[pair[0]]
    refused(made_up(tmp_path / "m", contents, {FILES.weights: packed(arrays)}))


@pytest.mark.parametrize("name", ["symbols", "words", "common"])
def test_bytes_that_are_no_text_are_refused(with_array, name):
    assert "not valid UTF-8" in refused(with_array(f"{name}.bytes", lambda a: _put(a, 0xFF, 30)))


def test_a_word_twice_is_refused(with_array):
    first_two_empty = with_array("words.ends", lambda a: _put(_put(a, 0), 0, 1))
    assert "words: expected strings without repeats" in refused(first_two_empty)


def header(of: dict, data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(of).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


BILLION = 1_000_000_000
FILE_CONTENTS = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "a header of a billion bytes": header({}, length=BILLION),
    "a header of 2**64 - 1 bytes": header({}, length=2**64 - 1),
    "a billion rows": header({"keys": {"dtype": "I64", "shape": [BILLION], "data_offsets": [0, 8 * BILLION]}}),
    "a billion rows in no bytes": header({"keys": {"dtype": "I64", "shape": [BILLION], "data_offsets": [0, 0]}}),
    "an overflow": header({"keys": {"dtype": "I64", "shape": [2**62, 2**62], "data_offsets": [0, 0]}}),
    "negative": header({"keys": {"dtype": "I64", "shape": [-1], "data_offsets": [0, 8]}}, b"\0" * 8),
    "an object type": header({"keys": {"dtype": "O", "shape": [1], "data_offsets": [0, 8]}}, b"\0" * 8),
    "a bfloat": header({"keys": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}, b"\0" * 8),
    "an eight bit float": header({"keys": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}, b"\0" * 8),
    "no header": header([1, 2]),
    "deep": (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "overlapping": header(
        {name: {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]} for name in ("keys", "pairs")}, b"\0" * 8
    ),
    "a NumPy file of a billion rows": b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000,), }".ljust(117)
    + b"\n",
}


@pytest.mark.parametrize("name", [FILES.weights, FILES.seen])
@pytest.mark.parametrize("what", FILE_CONTENTS)
def test_a_file_that_holds_something_else_is_refused(contents, tmp_path, name, what):
    refused(made_up(tmp_path / "m", contents, {name: FILE_CONTENTS[what]}))


@pytest.mark.parametrize("name", [FILES.weights, FILES.seen, FILES.card])
def test_a_pickle_under_any_name_is_refused_and_not_run(contents, tmp_path, name):
    trap = tmp_path / "trap"
    card = json.loads(contents[FILES.card]) if name == FILES.card else None
    refused(made_up(tmp_path / "m", contents, {name: pickle.dumps(Touch(trap))}, card))
    arrays = tmp_path / "a.npz"
    np.savez(arrays, keys=np.array([Touch(trap)], object))
    if name != FILES.card:
        refused(made_up(tmp_path / "n", contents, {name: arrays.read_bytes()}))
    assert not trap.exists()


@pytest.mark.parametrize("name", [FILES.weights, FILES.seen])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(contents, tmp_path, name, share):
    refused(made_up(tmp_path / "m", contents, {name: contents[name][: int(share * len(contents[name]))]}))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 4000), byte=st.integers(0, 255))
def test_any_other_byte_in_a_header_is_refused_or_sound(contents, tmp_path, place, byte):
    content = bytearray(contents[FILES.weights])
    content[place] = byte
    refused_or_sound(made_up(tmp_path / "m", contents, {FILES.weights: bytes(content)}))


def paths_in(value, path=()):
    """Every place in a card, of lists and long tables the first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for number, (key, part) in enumerate(inner):
        if number < 1 or len(path) == 0 or (path[0] in ("settings", "data", "calibration", "sha256") and len(path) < 3):
            yield from paths_in(part, (*path, key))


def changed(card: dict, path: tuple, value) -> dict:
    card = json.loads(json.dumps(card))
    if not path:
        return value
    inside = card
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return card


WRONG = [
    None,
    [],
    {},
    "x",
    "x" * 100_000,
    -1,
    0.5,
    True,
    1e300,
    10**400,
    float("nan"),
    float("inf"),
    [[1]],
    {"a": {"b": 1}},
]


def test_wrong_values_anywhere_in_the_card_are_refused_or_change_nothing(contents, tmp_path, right):
    card, folder = json.loads(contents[FILES.card]), made_up(tmp_path / "m", contents, {})
    tried = 0
    for path in paths_in(card):
        for value in WRONG:
            (folder / FILES.card).write_text(json.dumps(changed(card, path, value)))
            refused_or_the_same(folder, right)
            tried += 1
    assert tried > 500


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("threshold",), 1e300, "threshold: expected float <= 1.0, found 1e"),
        (("threshold",), float("nan"), "card.json is not a model card"),
        (("threshold",), "0.5", "threshold: expected float, got str"),
        (("format",), 99, f"model format 99, expected {FORMAT}; open it with the later version"),
        (("format",), 2, f"model format 2, expected {FORMAT}; train it again"),
        (("format",), "4", f"format: expected {FORMAT}, found '4'"),
        (("format",), True, f"format: expected {FORMAT}, found 'True'"),
        (("settings", "training", "c"), -1, "settings.training.c: expected float > 0.0, found -1"),
        (("settings", "training", "fold"), 3, "unknown name 'settings.training.fold'; did you mean folds?"),
        (("settings", "text", "families"), ["verse"], "invalid enum value 'verse'"),
        (("treshold",), 0.5, "unknown name 'treshold'; did you mean threshold?"),
        (("sha256", "../x"), "0" * 64, "invalid enum value '../x'"),
        (("sha256", "/etc/passwd"), "0" * 64, "invalid enum value '/etc/passwd'"),
        (("sha256", FILES.weights), "0", "sha256"),
        (("sha256", FILES.weights), 5, "sha256"),
        (("sha256", FILES.weights), "0" * 64, "does not match its card"),
        (("sha256",), {}, "weights.safetensors is missing in its card"),
        (("priors",), [0.5, 0.6, 0.5], "priors: expected a sum of 1"),
        (("priors",), [0.5, 0.5], "priors: expected array of length 3"),
        (("labels",), ["AID"], "was trained on other labels"),
        (("terms",), 7, "terms, expected 7 as its card says"),
    ],
)
def test_a_card_says_what_is_wrong_with_it(contents, tmp_path, path, value, message):
    card = json.loads(contents[FILES.card])
    assert message in refused(made_up(tmp_path / "m", contents, {}, changed(card, path, value)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=JSON)
def test_any_json_anywhere_in_the_card_is_refused_or_changes_nothing(contents, tmp_path, right, data, value):
    card = json.loads(contents[FILES.card])
    path = data.draw(st.sampled_from(list(paths_in(card))))
    folder = made_up(tmp_path / "m", contents, {}, changed(card, path, value))
    # Other settings of how texts are read, within their ranges, make another model.
    reads_otherwise = path == ("settings",) or path[:2] == ("settings", "text")
    refused_or_sound(folder) if reads_otherwise else refused_or_the_same(folder, right)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format":' * 50_000, b"4"])
def test_a_card_that_is_no_json_object_is_refused(contents, tmp_path, text):
    assert "not a model card" in refused(made_up(tmp_path / "m", contents, {FILES.card: text}, {}))


@pytest.mark.posix
@pytest.mark.parametrize("name", [FILES.card, FILES.weights, FILES.seen])
def test_links_pipes_and_folders_are_not_followed_waited_for_or_read(contents, tmp_path, name):
    outside = tmp_path / "outside"
    outside.write_bytes(contents[name])
    for number, make in enumerate((lambda path: path.symlink_to(outside), os.mkfifo, os.mkdir)):
        folder = made_up(tmp_path / str(number), contents, {})
        (folder / name).unlink()
        make(folder / name)
        assert f"{name} " in refused(folder)


@pytest.mark.parametrize("name", [FILES.card, FILES.weights, FILES.seen])
def test_a_file_larger_than_any_model_is_not_read(contents, tmp_path, name):
    folder = made_up(tmp_path / "m", contents, {})
    os.truncate(folder / name, LARGEST[name] + 1)  # takes no room on the disk
    assert f"expected at most {LARGEST[name]:,}" in refused(folder)


@pytest.mark.linux
def test_refusing_takes_little_memory(contents, tmp_path):
    folders = [made_up(tmp_path / str(n), contents, {FILES.weights: c}) for n, c in enumerate(FILE_CONTENTS.values())]
    folders += [made_up(tmp_path / f"s{n}", contents, {FILES.seen: c}) for n, c in enumerate(FILE_CONTENTS.values())]
    program = """
import resource, sys
from pipeline.model.store import load, load_signatures
from pipeline.errors import ModelError
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load_signatures(load(sys.argv[1]))
before = peak()
for folder in sys.argv[2:]:
    try:
        load_signatures(load(folder))
    except ModelError:
        continue
    sys.exit(folder)
print((peak() - before) * 1024)
"""
    sound = made_up(tmp_path / "sound", contents, {})
    command = [sys.executable, "-c", program, str(sound), *map(str, folders)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MEMORY


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"run_id": 3}', b'{"run_id": "../../x"}', b"[" * 100_000, pickle.dumps(3)]
)
def test_the_note_of_a_run_is_checked(contents, tmp_path, text):
    model = load(made_up(tmp_path / "m", contents, {}))
    (model.folder / FILES.run).write_bytes(text)
    with pytest.raises(ModelError, match="run.json"):
        run_of(model)


def test_the_model_of_the_first_release_is_refused_in_one_line():
    assert refused(FIRST).endswith(f"model format 1, expected {FORMAT}; train it again with this version")


@pytest.fixture
def trapped(contents, tmp_path):
    """A model folder whose scikit-learn object makes a file when unpickled, and the file."""
    trap = tmp_path / "trap"
    return made_up(tmp_path / "m", contents, {FILES.pipeline: pickle.dumps(Touch(trap))}), trap


def test_the_trap_works(trapped):
    folder, trap = trapped
    load_pipeline(folder)
    assert trap.exists()


def test_the_scikit_learn_object_is_not_unpickled_before_its_hash_is_checked(trapped):
    folder, trap = trapped
    (folder / FILES.pipeline).write_bytes((folder / FILES.pipeline).read_bytes() + b" ")
    with pytest.raises(ModelError, match="pipeline.joblib does not match its card"):
        load_pipeline(folder)
    assert not trap.exists()


@pytest.mark.slow
def test_no_command_unpickles_anything(trapped, tmp_path):
    folder, trap = trapped
    rows = [["2024-01-01", text, "escalation"] for text in TEXTS[:2]] * 4
    pd.DataFrame(rows, columns=["date", "text", "stance"]).to_csv(tmp_path / "in.csv", index=False)
    for args in (
        ["score", "in.csv", "--out", "scores.csv"],
        ["score", "The army attacked."],
        ["explain", "The army attacked."],
        ["evaluate", "--data", str(ROOT / "data" / "heldout.csv")],
        ["timeline", "in.csv", "--out", "line"],
        ["drift", "--baseline", "scores.csv", "--current", "scores.csv"],
    ):
        env = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
        done = forked.run([*args, "--model", folder], tmp_path, env)
        assert done.returncode in (0, 3), done.stderr
    assert not trap.exists()


def test_the_served_model_unpickles_nothing(trapped):
    from mlflow.pyfunc import PythonModelContext

    from pipeline.tracking.served import ServedModel

    folder, trap = trapped
    served = ServedModel()
    served.load_context(PythonModelContext({"model": str(folder)}, None))
    assert len(served.predict(None, TEXTS)) == len(TEXTS)
    assert not trap.exists()


def test_signatures_of_another_length_are_refused(contents, tmp_path):
    seen = arrays_in(contents[FILES.seen])["seen"]
    for width in (SIZE - 1, 1):
        cut = {FILES.seen: packed({"seen": np.ascontiguousarray(seen[:, :width])})}
        assert f"expected signatures of {SIZE} bytes, found {width}" in refused(
            made_up(tmp_path / f"{width}", contents, cut)
        )
