"""Corpora put together by name, without what stands near the test files."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from pipeline.corpus.labelled import Columns
from pipeline.corpus.labelled_rows import reasons
from pipeline.errors import ConfigError, InputError, SourceError
from pipeline.model.fit import own_weights
from pipeline.model.settings import Settings
from pipeline.sources.cards import Card, PublicFile, card_of
from pipeline.sources.mix import Recipe, missing_tests, read_mix, read_public, read_tests, weights_from
from tests.conftest import SHARED, whole_corpus

TRAIN = (
    "\tsentence\tgold_penta\tsilver\tgold_root\n"
    '0\t"Enough, said the envoy of Kestria, and accused Morvane of fraud.\t3\t3\tACCUSE\n'
    "1\tMorvane sent forty trucks of flour to the flooded villages of Kestria.\t2\tAID\tAID\n"
    "2\tThe two ministers will meet again in Dellin next week for talks on fishing.\t1\t1\tCONSULT\n"
    "3\tA row whose labels quarrel with each other.\t1\t1\tASSAULT\n"
    "4\tA row with a class that nobody knows.\t9\t1\tAID\n"
    "5\t \t1\t1\tAID\n"
)
TEST = (
    "gold_root\tgold_penta\tsentence\n"
    "CONSULT\t1\tThe two ministers will meet again in Dellin next week for talks on fishing!\n"
    "ASSAULT\t4\tGunmen from Morvane shelled a depot.\n"
)
LEAVES = "0\tRain fell.\n4\tShells hit the harbour of Morvane twice on Sunday.\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Two small public corpora at hand: towns, divided into train and test, and leaves, without a header."""
    files = {"towns": {"train.tsv": TRAIN, "test.tsv": TEST}, "leaves": {"leaves.tsv": LEAVES}}
    quads = '{ 0 = "neutral", 1 = "verbal cooperation", 2 = "material cooperation", 3 = "verbal conflict", 4 = "material conflict" }'
    columns = {
        "towns": f'text = "sentence"\nevent = "gold_root"\nquad = "gold_penta"\nquads = {quads}\noverlaps = ["leaves"]',
        "leaves": f'header = false\ntext = "1"\nquad = "0"\nquads = {quads}\noverlaps = ["towns"]',
    }
    registry = ""
    for name, of_corpus in files.items():
        registry += f'[{name}]\ntitle = "T"\nhome = ""\nlicence = "CC0-1.0"\ncitation = "nobody"\n{columns[name]}\n'
        (tmp_path / "cache" / name).mkdir(parents=True)
        for file, text in of_corpus.items():
            (tmp_path / "cache" / name / file).write_text(text)
            part, sha = "test" if file == "test.tsv" else "train", hashlib.sha256(text.encode()).hexdigest()
            registry += f'[[{name}.files]]\nname = "{file}"\npart = "{part}"\naddress = "x"\nsha256 = "{sha}"\n'
    (tmp_path / "registry.toml").write_text(registry)
    monkeypatch.setenv("DETENTE_REGISTRY", str(tmp_path / "registry.toml"))
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("headline,stance\nKestria and Morvane shook hands.,easing\n".replace("easing", "de-escalation"))
    return path


def test_a_file_is_read_as_its_card_says(cache):
    corpus = read_public(cache / "towns" / "train.tsv", card_of("towns"))
    assert corpus.texts[0].startswith('"Enough, said')
    assert corpus.events.tolist() == ["ACCUSE", "AID", "CONSULT"]
    assert corpus.quads.tolist() == ["verbal conflict", "material cooperation", "verbal cooperation"]
    assert set(corpus.sources) == {"towns"} and corpus.rows.tolist() == [2, 3, 4]
    assert [(one.row, one.reason) for one in corpus.set_aside] == [
        (5, "event type, quad class and stance of the row do not fit together"),
        (6, "a blank text, or a label that its card does not know"),
        (7, "a blank text, or a label that its card does not know"),
    ]


def card_for(path, **fields):
    return Card(path.stem, "T", "", "CC0-1.0", "nobody", (PublicFile(path.name, "train", "0" * 64, "x"),), **fields)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet", ".xlsx", ".dta"])
def test_a_corpus_in_any_format_needs_an_entry_only(tmp_path, suffix):
    frame = pd.DataFrame({"said": ["Rain fell on Kestria.", "Kestria shelled Morvane."], "act": [0, 7]})
    path = tmp_path / f"hills{suffix}"
    write = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".json": lambda: frame.to_json(path, orient="records"),
        ".parquet": lambda: frame.to_parquet(path),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".dta": lambda: frame.to_stata(path, write_index=False),
    }
    write[suffix]()
    events = {"0": "NEUTRAL", "7": "ASSAULT"}
    corpus = read_public(path, card_for(path, text="said", event="act", events=events))
    assert corpus.texts.tolist() == frame.said.tolist()
    assert corpus.events.tolist() == ["NEUTRAL", "ASSAULT"]


def test_a_csv_file_without_a_header_is_read_by_numbers(tmp_path):
    path = tmp_path / "hills.csv"
    path.write_text('neutral,"Rain fell, and hail."\nescalation,Kestria shelled Morvane.\n')
    corpus = read_public(path, card_for(path, text="1", stance="0", header=False))
    assert corpus.texts[0] == "Rain fell, and hail." and corpus.stances.tolist() == ["neutral", "escalation"]


@pytest.mark.parametrize("text", ["words", "9"])
def test_a_column_that_the_file_lacks_is_named(tmp_path, text):
    path = tmp_path / "hills.tsv"
    path.write_text("said\tstance\nRain fell.\tneutral\n")
    with pytest.raises(SourceError, match=f"hills.tsv: not as the card of hills says: .*{text}"):
        read_public(path, card_for(path, text=text, stance="stance"))


def test_a_file_without_a_header_is_read_by_numbers(cache):
    corpus = read_public(cache / "leaves" / "leaves.tsv", card_of("leaves"))
    assert corpus.stances.tolist() == ["neutral", "escalation"]
    assert corpus.texts[0] == "Rain fell."


def test_a_mix_holds_everything_but_what_is_near_the_test_file(mine):
    corpus = read_mix(Recipe(("embedded", "towns", "leaves", str(mine))))
    assert len(corpus) == len(whole_corpus()) + 2 + 2 + 1
    assert reasons(corpus.set_aside)["a near-copy of a line of test.tsv"] == 1
    assert {"towns", "leaves", "mine.csv"} < set(corpus.sources)
    assert corpus.own.sum() == 5


def test_the_test_file_of_an_overlapping_corpus_counts_too(cache, tmp_path):
    (tmp_path / "near.csv").write_text("text,stance\nGunmen from Morvane shelled a depot,escalation\nRain.,neutral\n")
    assert len(read_mix(Recipe((str(tmp_path / "near.csv"),)))) == 2
    corpus = read_mix(Recipe((str(tmp_path / "near.csv"), "leaves")))
    assert reasons(corpus.set_aside) == {"a near-copy of a line of test.tsv": 1} and len(corpus) == 3
    assert missing_tests(Recipe(("leaves",))) == []
    (cache / "towns" / "test.tsv").unlink()
    assert missing_tests(Recipe(("leaves",))) == ["towns"]


def test_a_file_to_be_tested_on_can_be_named(tmp_path, mine):
    (tmp_path / "exam.csv").write_text("text,stance\nKestria and Morvane shook hands!,neutral\n")
    corpus = read_mix(Recipe(("leaves", str(mine)), Columns(text="headline"), tests=(str(tmp_path / "exam.csv"),)))
    assert reasons(corpus.set_aside) == {"a near-copy of a line of exam.csv": 1}
    assert set(corpus.sources) == {"leaves"}


def test_a_public_corpus_is_measured_on_its_test_file_where_it_has_one():
    assert read_tests(Recipe(("towns",))).events.tolist() == ["CONSULT", "ASSAULT"]
    assert len(read_tests(Recipe(("leaves",)))) == 2


def test_a_text_that_two_corpora_label_differently_is_set_aside(tmp_path):
    (tmp_path / "mine.csv").write_text("text,stance\nRain fell.,escalation\n")
    corpus = read_mix(Recipe(("leaves", str(tmp_path / "mine.csv"))))
    assert [(one.file, one.label) for one in corpus.set_aside] == [("leaves", "neutral"), ("mine.csv", "escalation")]


def test_weights_go_to_the_rows_of_their_source(mine):
    corpus = read_mix(
        Recipe(("towns", str(mine), "embedded"), weights=(("towns", 4.0), ("mine.csv", 0.5), ("embedded", 2)))
    )
    given = dict(zip(corpus.sources, corpus.weights))
    assert (given["towns"], given["mine.csv"], given["neutral.csv"], given["codebook.csv"]) == (4.0, 0.5, 2, 2)


def test_nothing_is_downloaded_silently(cache):
    (cache / "towns" / "train.tsv").unlink()
    with pytest.raises(SourceError, match="expected train.tsv of towns, found none; detente data fetch towns"):
        read_mix(Recipe(("towns",)))
    (cache / "towns" / "train.tsv").write_text("something else")
    with pytest.raises(SourceError, match="found other bytes; detente data fetch towns"):
        read_mix(Recipe(("towns",)))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (("moon", 2.0), "--weight moon=2: not among the data; expected one of towns"),
        (("towns", -1.0), "a number above 0"),
    ],
)
def test_a_weight_that_does_not_fit_is_named(weight, message):
    with pytest.raises(ConfigError, match=message):
        read_mix(Recipe(("towns",), weights=(weight,)))


def test_a_weight_needs_a_number():
    with pytest.raises(ConfigError, match="--weight plv: expected NAME=NUMBER"):
        weights_from(["plv"])
    with pytest.raises(ConfigError, match="--weight plv=much"):
        weights_from(["plv=much"])


def test_a_name_that_is_neither_a_corpus_nor_a_file_is_said(tmp_path):
    with pytest.raises(InputError, match="moon: no such file, and no corpus; expected embedded, plv, "):
        read_mix(Recipe(("moon",)))


def test_a_recipe_survives_a_model_card(mine):
    import json

    recipe = Recipe(("towns", str(mine)), Columns(text="headline"), ("leaves",), (("towns", 4.0),))
    assert Recipe.from_card(json.loads(json.dumps(recipe.card()))) == recipe


@pytest.mark.shared
def test_the_public_files_at_hand_are_read_as_their_cards_say():
    gold = SHARED / "gold"
    plv = read_public(gold / "PLV_train.tsv", card_of("plv"))
    assert len(plv) + len(plv.set_aside) == 1050 and len(plv.set_aside) == 8 and "" not in plv.events
    aw = read_public(gold / "AW_train.tsv", card_of("aw"))
    assert len(aw) == 802 and set(aw.stances) == {"escalation", "de-escalation"}
    cameo = read_public(gold / "cameo_class_part.tsv", card_of("cameo"))
    assert len(cameo) == 992 and "neutral" in cameo.stances
    local = read_public(gold / "keep_it_local_part.tsv", card_of("keep-it-local"))
    assert len(local) == 4210


def test_own_files_keep_their_rows_apart_and_their_weights_go_before_that_of_the_settings(tmp_path):
    files = {
        "a/train.csv": "Chad freed two nurses.",
        "b/train.csv": "Chad bombed a depot.",
        "own/neutral.csv": "It rained.",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"text,stance\n{text},neutral\n")
    a, b, own = (str(tmp_path / name) for name in files)
    corpus = read_mix(Recipe(("embedded", a, b, own), weights=((own, 7.0), (a, 3.0))))
    assert corpus.texts[corpus.own].tolist() == list(files.values())
    assert corpus.sources[corpus.own].tolist() == [a, b, own]
    assert corpus.weights[corpus.own].tolist() == pytest.approx([3.0, float("nan"), 7.0], nan_ok=True)
    assert np.isnan(corpus.weights[~corpus.own]).all()
    weights, own_weight = own_weights(corpus, Settings()), Settings().training.own_weight
    assert weights[corpus.own].tolist() == [3.0, own_weight, 7.0] and set(weights[~corpus.own]) == {1.0}
    with pytest.raises(ConfigError, match="several of the data have this name; write the path"):
        read_mix(Recipe((a, b), weights=(("train.csv", 2.0),)))


def test_labels_of_one_row_that_contradict_each_other_are_set_aside(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,event,stance\nChad met Niger.,CONSULT,\nPeru agreed.,AGREE,escalation\n")
    (aside,) = read_mix(Recipe((str(path),))).set_aside
    assert (aside.row, aside.reason) == (3, "AGREE means de-escalation, but the row says escalation")
