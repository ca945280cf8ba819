"""`detente run`: variants trained, measured, compared and logged."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app, main
from pipeline.errors import InputError
from pipeline.experiment.config import Data
from pipeline.experiment.gold import unseen
from pipeline.experiment.variants import HELD_OUT, read_data
from pipeline.show import experiments
from pipeline.tracking import experiments as tracked
from tests.test_config import written

ASKED = """
question = "Does the lead help?"
[data]
train = ["{folder}/some.csv"]
folds = 2
[measure]
resamples = 100
[[measure.gold]]
name = "gold"
path = "{folder}/gold.csv"
[[measure.gold]]
name = "elsewhere"
path = "{folder}/absent.csv"
[[variant]]
name = "as it is"
[[variant]]
name = "no lead"
text = {{families = ["word", "pair"]}}
"""


@pytest.fixture(scope="module")
def asked(corpus, tmp_path_factory):
    """An experiment over some 600 snippets, 60 others to measure on."""
    folder = tmp_path_factory.mktemp("experiment")
    rows = pd.DataFrame({"text": corpus.texts, "event": corpus.events}).iloc[::9]
    rows.iloc[::10].to_csv(folder / "gold.csv", index=False)
    rows.drop(rows.index[::10]).to_csv(folder / "some.csv", index=False)
    return written(folder, ASKED.format(folder=folder))


def ran(path, out, monkeypatch, *options):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path.parent}/mlflow.db")
    monkeypatch.chdir(path.parent)
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(out), *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done


@pytest.fixture(scope="module")
def answered():
    """What the command of `first` found, as Python has it."""
    return []


@pytest.fixture(scope="module")
def first(asked, answered):
    with pytest.MonkeyPatch.context() as patch:
        run = tracked.run_experiment
        patch.setattr(tracked, "run_experiment", lambda *given: answered.append(run(*given)) or answered[0])
        return ran(asked, asked.parent / "first", patch)


@pytest.fixture(scope="module")
def seeds(asked):
    """The same again, with two seeds."""
    with pytest.MonkeyPatch.context() as patch:
        return ran(asked, asked.parent / "seeds", patch, "--seeds", "2").stdout.splitlines()


def test_run_again_it_gives_the_same_numbers_to_the_last_digit(first, seeds):
    assert [line for line in seeds if json.loads(line)["seed"] == 0] == first.stdout.splitlines()


def test_a_line_of_json_a_variant_says_everything(asked, first):
    here, there = (json.loads(line) for line in first.stdout.splitlines())
    assert (here["variant"], there["variant"]) == ("as it is", "no lead")
    assert there["settings"]["text.families"] == ["word", "pair"]
    assert here["rows"] == there["rows"] > 500 and len(here["fingerprint"]) == 64
    assert len(here["folds"]) == 2
    figure = here["figures"]["gold"]["two_way.macro_f1"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    for name in (HELD_OUT, "gold"):
        values = [one["figures"][name]["two_way.macro_f1"]["value"] for one in (here, there)]
        difference = there["differences"][name]["two_way.macro_f1"]["value"]
        assert difference == pytest.approx(values[1] - values[0])
    assert here["differences"] == {}
    assert "absent.csv: not found" in first.stderr


def test_a_terminal_shows_variants_by_metrics_with_differences(first, answered, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    experiments.experiment(answered[0])
    said = capsys.readouterr().out
    assert "Does the lead help?" in said and "minus the first" in said
    figure = answered[0].results[1].figures["gold"]["two_way.macro_f1"]
    assert str(figure) in said


def test_mlflow_holds_a_parent_with_a_nested_run_each(asked, first):
    client = mlflow.MlflowClient(f"sqlite:///{asked.parent}/mlflow.db")
    experiment = client.get_experiment_by_name("detente experiments")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    assert parent.data.tags["mlflow.note.content"] == "Does the lead help?"
    assert parent.info.status == "FINISHED"
    nested = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert [run.info.run_name for run in nested] == ["as it is, seed 0", "no lead, seed 0"]
    line = json.loads(first.stdout.splitlines()[1])
    run = nested[1]
    assert run.data.params["text.families"] == "('word', 'pair')"
    assert run.data.tags["data.sha256"] == line["fingerprint"]
    expected = line["figures"]["gold"]["two_way.macro_f1"]
    assert run.data.metrics["gold/two_way.macro_f1_high"] == expected["high"]
    folds = client.get_metric_history(run.info.run_id, "fold/two_way.macro_f1")
    assert [one.value for one in folds] == [one["two_way.macro_f1"] for one in line["folds"]]
    files = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert {"model", "pictures", "result.json"} <= files


def test_each_seed_is_a_run_with_folds_of_its_own(seeds):
    lines = [json.loads(line) for line in seeds]
    assert [(one["variant"], one["seed"]) for one in lines] == [
        ("as it is", 0), ("as it is", 1), ("no lead", 0), ("no lead", 1)
    ]  # fmt: skip
    assert lines[0]["folds"] != lines[1]["folds"]
    assert set(lines[3]["differences"]) == {HELD_OUT, "gold"}


def test_a_smaller_share_is_a_part_of_a_larger_one_and_own_rows_stay(asked):
    (asked.parent / "own.csv").write_text("text,event\nOur own line was read.,NEUTRAL\n")
    paths = {"train": (str(asked.parent / "some.csv"),), "own": (str(asked.parent / "own.csv"),)}
    small, large, whole = (read_data(Data(**paths, share=share)) for share in (0.25, 0.5, 1.0))
    assert set(small.texts) < set(large.texts) < set(whole.texts)
    assert len(small) == round(0.25 * (len(whole) - 1)) + 1
    assert all("Our own line was read." in part.texts for part in (small, large))


def test_own_rows_of_foreign_files_are_learned_from_and_judged_by_themselves(asked, corpus, tmp_path, monkeypatch):
    rows = pd.DataFrame({"sentence": corpus.texts, "kind": corpus.stances}).iloc[4::45]
    rows.to_csv(tmp_path / "own.csv", index=False)
    text = asked.read_text().replace("folds = 2", 'folds = 2\n[[data.own]]\nname = "mine"\npath = "own.csv"\n')
    text = text.replace('path = "own.csv"', f'path = "{tmp_path}/own.csv"\ntext = "sentence"\nlabel = "kind"')
    done = ran(written(tmp_path, text), tmp_path / "out", monkeypatch)
    first, _ = map(json.loads, done.stdout.splitlines())
    assert list(first["figures"]) == [HELD_OUT, f"{HELD_OUT}, mine", "gold"]
    assert first["rows"] == len(rows) + len(read_data(Data((str(asked.parent / "some.csv"),))))


def test_rows_near_to_training_rows_are_not_measured_on(corpus):
    learned, gold = corpus.take(np.arange(0, 40)), corpus.take(np.array([3, 900, 1800]))
    assert unseen({"gold": gold}, [learned])["gold"].texts.tolist() == gold.texts[1:].tolist()
    with pytest.raises(InputError, match="gold: every row is in or near the training texts"):
        unseen({"gold": gold.take(np.array([0]))}, [learned])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('question = "Where is it?"\n[data]\ntrain = ["nowhere"]', "nowhere: no such file or folder; correct"),
        ('question = "Where is it?"\n[trainin]', "unknown name 'trainin'; did you mean training"),
    ],
)
def test_a_mistake_ends_in_one_line_and_leaves_the_store_alone(text, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setattr("sys.argv", ["detente", "run", str(written(tmp_path, text))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ") and said in last
    assert not (tmp_path / "mlflow.db").exists()
