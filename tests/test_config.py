"""Experiment files: what they say, and how a mistake in them is named."""

import pytest

from pipeline.errors import ConfigError, InputError, LabelError
from pipeline.experiment.config import GoldFile, read_experiment, resolve
from pipeline.experiment.gold import read_gold
from pipeline.model.settings import Settings
from tests.conftest import ROOT


def written(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text)
    return path


def test_a_question_alone_is_an_experiment_of_the_default_settings(tmp_path):
    experiment = read_experiment(written(tmp_path, 'question = "Does it work?"'))
    (only,) = resolve(experiment, "")
    assert only.settings == Settings()


def test_what_a_file_leaves_out_comes_from_the_file_of_defaults_beside_it(tmp_path):
    written(tmp_path, "[training]\nc = 4.0\nbalance = 0.1\n[data]\nfolds = 5\n", "default.toml")
    path = written(tmp_path, 'question = "How strong?"\n[training]\nbalance = 1\n[[variant]]\nname = "a"\n')
    (only,) = resolve(read_experiment(path), "")
    training = only.settings.training
    assert (training.c, training.balance, training.folds) == (4.0, 1.0, 5)


def test_a_variant_overrides_settings_and_data(tmp_path):
    text = 'question = "Which lead?"\n[text]\nmin_df = 3\n'
    text += '[[variant]]\nname = "as it is"\n[[variant]]\nname = "none"\ntext = {lead = 0}\ndata = {share = 0.5}\n'
    first, second = resolve(read_experiment(written(tmp_path, text)), "")
    assert (first.settings.text.lead, second.settings.text.lead, second.settings.text.min_df) == (12, 0, 3)
    assert (first.data.share, second.data.share) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[trainning]\nc = 1.0", r"x\.toml: unknown name 'trainning'; did you mean training\?"),
        ("[training]\nbalanse = 1.0", r"x\.toml: unknown name 'training\.balanse'; did you mean balance\?"),
        ("[data]\nfold = 3", r"unknown name 'data\.fold'; did you mean folds\?"),
        ('[data]\nfolds = "three"', r"data\.folds: expected int, got str, found 'three'"),
        ("[data]\nshare = 2.0", r"data\.share: expected float <= 1\.0, found 2\.0"),
        ('[training]\nc = "ten"', r"training\.c: expected float"),
        (
            '[[variant]]\nname = "a"\ntext = {led = 3}',
            r"unknown name 'text\.led'; did you mean lead\?",
        ),
        ('[[variant]]\nname = "a"\nzzz = 3', r"unknown name 'variant\.zzz'; expected one of name, text"),
        ('[[variant]]\nname = "a"\n[[variant]]\nname = "a"', "two variants have the same name"),
        ('[[measure.gold]]\nname = "a"\npth = "b"', r"unknown name 'measure\.gold\.pth'; did you mean path\?"),
        ("variant = 3", r"variant: expected array, got int, found 3"),
        ("a = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path, line, said):
    with pytest.raises(ConfigError, match=said) as raised:
        read_experiment(written(tmp_path, f'question = "What is wrong?"\n{line}\n'))
    assert "\n" not in str(raised.value)


def test_a_file_without_a_question_or_without_a_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"question: expected str of length >= 5, found ''"):
        read_experiment(written(tmp_path, "[data]\nfolds = 3"))
    with pytest.raises(ConfigError, match="no such file"):
        read_experiment(tmp_path / "nothing.toml")


def test_the_defaults_of_the_experiments_are_those_of_the_code():
    (only,) = resolve(read_experiment(written_question()), "")
    assert only.settings == Settings()


def written_question():
    return next(path for path in sorted((ROOT / "experiments").glob("*.toml")) if path.name == "seeds.toml")


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.toml")), ids=lambda path: path.stem)
def test_every_experiment_file_of_the_project_fits(path):
    if path.name != "default.toml":
        assert read_experiment(path).question.endswith("?")


def test_gold_files_are_read_by_their_own_columns_and_labels(tmp_path):
    path = written(tmp_path, 'a\tb\nRebels "left.\t1\nAid came.\t0\nAid came.\t0\n', "gold.tsv")
    file = GoldFile("mine", str(path), text="a", label="b", labels={"1": "material conflict", "0": "de-escalation"})
    gold, absent = read_gold((file, GoldFile("other", str(tmp_path / "no.csv"))))
    assert gold["mine"].texts.tolist() == ['Rebels "left.', "Aid came."]
    assert gold["mine"].stances.tolist() == ["escalation", "de-escalation"]
    assert gold["mine"].quads.tolist() == ["material conflict", ""]
    assert absent == [str(tmp_path / "no.csv")]


def test_a_gold_file_that_does_not_fit_says_so(tmp_path):
    path = written(tmp_path, "a\tb\nx\t7\n", "gold.tsv")
    with pytest.raises(InputError, match="label '7' means nothing here"):
        read_gold((GoldFile("mine", str(path), text="a", label="b"),))
    with pytest.raises(InputError, match="expected a column 'c', found a, b"):
        read_gold((GoldFile("mine", str(path), text="c", label="b"),))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            b"text,label\ncaf\xe9,escalation\n",
            InputError,
            "row 2: expected UTF-8, found byte 0xe9; it looks like windows-1252",
        ),
        (
            b'text,label\n"a,escalation\nb,c,d,e\nf',
            InputError,
            "found none; first error in row 2: unclosed quotation mark",
        ),
        (b"text,label\na,b\nc,d,e\n", InputError, "row 3: expected 2 columns, found 3; correct it"),
        (b"", InputError, "the file is empty"),
        (b"text,label,event\n,escalation,AID\n", InputError, "expected at least one text in column 'text', found none"),
        (b"text,label,event\nRain.,neutral,RAIN\n", LabelError, "unknown event type 'RAIN'; expected one of ACCUSE"),
    ],
)
def test_a_gold_file_that_cannot_be_read_is_one_line(tmp_path, content, error, message):
    path = tmp_path / "gold.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=message) as raised:
        read_gold((GoldFile("mine", str(path), label="label", event="event"),))
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_an_event_type_of_a_gold_file_may_be_missing_or_in_lower_case(tmp_path):
    path = written(tmp_path, "text,label,event\nFood came.,de-escalation,aid\nRain.,neutral,\n", "gold.csv")
    gold, _ = read_gold((GoldFile("mine", str(path), label="label", event="event"),))
    assert gold["mine"].events.tolist() == ["AID", ""]
