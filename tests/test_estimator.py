"""The estimator among scikit-learn's own tools."""

from dataclasses import asdict

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from pipeline import Classifier
from pipeline.errors import InputError
from pipeline.model.classifier import EventClassifier
from pipeline.model.settings import Settings
from pipeline.model.store import load_pipeline
from pipeline.model.vectorizer import TermVectorizer

REASONS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row given twice counts twice in document frequencies and towards min_df; a weight does not touch these"
    ),
}


class Rows(Classifier):
    """Rows of numbers, which scikit-learn's checks feed, written as words."""

    def fit(self, X, y, sample_weight=None):
        X, y = validate_data(self, X, y)
        return super().fit(written(X), y, sample_weight)

    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba(written(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array = False, False, True
        return tags


def written(rows):
    """Each number as a word of letters for its column and for its value in steps of a half."""
    letters = "abcdefghijklmnopqrst"
    steps = np.clip(np.rint(rows * 2) + 10, 0, 19).astype(int)
    return [" ".join(f"w{letters[k % 20]}{letters[v]}x" for k, v in enumerate(row)) for row in steps]


@pytest.fixture(scope="module")
def few(corpus):
    """Every eighth row of the small corpus."""
    return corpus.take(np.arange(0, len(corpus), 8))


@pytest.fixture(scope="module")
def fitted(few):
    return Classifier().fit(few.texts, few.events)


@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn_that_take_texts():
    assert {one["status"] for one in check_estimator(Classifier(), on_fail=None)} == {"passed"}


@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_that_take_numbers_with_numbers_written_as_words():
    found = check_estimator(Rows(min_df=1), expected_failed_checks=REASONS, on_fail=None)
    assert [one["check_name"] for one in found if one["status"] == "failed"] == []
    assert [one["check_name"] for one in found if one["status"] == "xfail"] == list(REASONS)
    assert sum(one["status"] == "passed" for one in found) > 50


def test_what_the_numeric_checks_ask_for_holds_with_texts(few, fitted):
    """Repeated fits agree, parameters stay as they were given, a clone is not fitted, one text scores as among many."""
    texts = few.texts[:20]
    before = fitted.get_params()
    assert np.array_equal(clone(fitted).fit(few.texts, few.events).predict_proba(texts), fitted.predict_proba(texts))
    assert fitted.get_params() == before
    with pytest.raises(NotFittedError):
        clone(fitted).predict(texts)
    alone = np.vstack([fitted.predict_proba([text]) for text in texts])
    assert np.abs(alone - fitted.predict_proba(texts)).max() < 1e-12
    assert np.abs(fitted.predict_proba(texts).sum(axis=1) - 1).max() < 1e-12
    best = fitted.classes_[fitted.decision_function(texts).argmax(axis=1)]
    assert best.tolist() == fitted.predict(texts).tolist()


def test_lists_series_arrays_and_single_columns_are_one(few, fitted):
    texts = few.texts[:5].tolist()
    expected = fitted.predict_proba(texts)
    for form in (tuple(texts), np.array(texts), pd.Series(texts), pd.DataFrame({"text": texts})):
        assert np.array_equal(fitted.predict_proba(form), expected)


def test_labels_come_back_as_they_were_given():
    texts = ["Rebels halted fire.", "Rebels opened fire.", "Rebels sold maize."] * 4
    model = Classifier(min_df=1).fit(texts, [10, 9, 2] * 4)
    assert model.classes_.tolist() == [2, 9, 10]
    assert model.predict(texts[:3]).tolist() == [10, 9, 2]
    two = Classifier(min_df=1).fit(texts[:2] * 4, [False, True] * 4)
    assert two.decision_function(texts[:2]).shape == (2,)
    assert two.predict(texts[:2]).tolist() == [False, True]


def test_sample_weights_count_as_repeated_rows():
    texts = ["Rebels halted fire.", "Rebels halted aid.", "Rebels halted trade."]
    plain = Classifier(min_df=1, balance=0.0, complement=0.0)
    weighted = plain.fit(texts, list("aab"), [1, 1, 8]).predict_proba(["Rebels halted."])
    assert weighted[0, 1] > clone(plain).fit(texts, list("aab")).predict_proba(["Rebels halted."])[0, 1]


def test_cross_val_score(few):
    """Shuffled: the corpus is in order, so whole folds would be of a kind of text that the others lack."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    stances = few.stances.astype(str)
    scores, guesses = (cross_val_score(one, few.texts, stances, cv=folds) for one in (Classifier(), DummyClassifier()))
    assert scores.min() > 0.5 > guesses.max()


def test_grid_search(few):
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    # Naive Bayes has no penalty: beside it, a penalty that leaves no weight can be the better one for so few rows.
    alone = Classifier(complement=0.0, relevance_complement=0.0)
    search = GridSearchCV(alone, {"c": [1e-6, 10.0], "stems": [True]}, cv=folds, scoring="accuracy")
    search.fit(few.texts, few.stances.astype(str))
    assert search.best_params_ == {"c": 10.0, "stems": True}
    low, high = search.cv_results_["mean_test_score"]
    assert high - low > 0.05


def test_calibrated_classifier(few):
    model = CalibratedClassifierCV(Classifier(), method="temperature", cv=2).fit(few.texts, few.stances.astype(str))
    proba = model.predict_proba(few.texts[:9])
    assert proba.shape == (9, 3) and np.abs(proba.sum(axis=1) - 1).max() < 1e-9


def test_joblib_keeps_every_bit(few, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "classifier.joblib")
    again = joblib.load(tmp_path / "classifier.joblib")
    assert np.array_equal(again.predict_proba(few.texts), fitted.predict_proba(few.texts))


def test_a_model_folder_holds_the_estimator(run, folder, corpus):
    estimator = load_pipeline(folder)
    assert isinstance(estimator, Classifier)
    assert estimator.c == run.settings.training.c
    assert np.array_equal(estimator.predict_proba(corpus.texts[:9]), run.pipeline.predict_proba(corpus.texts[:9]))
    assert isinstance(clone(estimator), Classifier)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("one text", "got one string"),
        ([], "at least one text"),
        ([["a", "b"]], r"shape \(1, 2\)"),
        (["a", None], "row 2: expected a text, got None"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(fitted, texts, said):
    with pytest.raises(InputError, match=said):
        fitted.predict(texts)


def test_one_class_is_refused():
    with pytest.raises(InputError, match="at least two classes, got 1 class, a"):
        Classifier().fit(["one", "two"], ["a", "a"])


@pytest.mark.parametrize("made", [Classifier, EventClassifier, TermVectorizer])
def test_the_estimators_have_the_defaults_of_the_settings(made):
    """scikit-learn wants every parameter in the signature, so that each default stands there again."""
    ours = {**asdict(Settings().text), **asdict(Settings().training), "marks": 0}
    params = made().get_params()
    assert params == {name: ours[name] for name in params}
