"""`detente data import`: tables of any make and exports of labelling tools become files that training takes."""

import gzip
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.corpus.labelled import read_labelled
from pipeline.errors import InputError, LabelError
from pipeline.label.exchange import read_export
from pipeline.label.imports import import_files, mapping, write_imported
from pipeline.label.pools import Task, label_studio_config, tasks_for
from pipeline.read.source import Written

TREATY, STRIKE, TALK = (
    "Kenya and Uganda signed a treaty.",
    "Chad bombed a base in Sudan.",
    "Analysts expect long talks.",
)
FRAME = pd.DataFrame({"Headline": [TREATY, STRIKE, TALK], "coder": ["De-Escalation", "Escalatory", "neither"]})


def brought(path, tmp_path, **options):
    found = import_files([path], **options)
    write_imported(found, tmp_path / "out.csv")
    return read_labelled([tmp_path / "out.csv"])


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".dta"])
def test_tables_of_every_kind_become_files_that_training_takes(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    writers = {
        ".csv": lambda: FRAME.to_csv(path, index=False, sep=";"),
        ".tsv": lambda: FRAME.to_csv(path, index=False, sep="\t", encoding="utf-16"),
        ".json": lambda: FRAME.to_json(path, orient="records"),
        ".jsonl": lambda: FRAME.to_json(path, orient="records", lines=True),
        ".parquet": lambda: FRAME.to_parquet(path),
        ".xlsx": lambda: FRAME.to_excel(path, index=False),
        ".dta": lambda: FRAME.to_stata(path, write_index=False),
    }
    writers[suffix]()
    corpus = brought(path, tmp_path)
    assert corpus.texts.tolist() == [TREATY, STRIKE, TALK]
    assert corpus.stances.tolist() == ["de-escalation", "escalation", "neutral"]


@pytest.mark.parametrize(
    ("name", "mark"), [("a.txt", "\t"), ("a.txt.gz", ";"), ("a.dat", "|"), ("a.tab", "\t"), ("a.tab", ",")]
)
def test_tables_with_names_of_texts_are_read_whatever_separates_their_columns(tmp_path, name, mark):
    FRAME.to_csv(tmp_path / name, index=False, sep=mark)
    assert brought(tmp_path / name, tmp_path).texts.tolist() == [TREATY, STRIKE, TALK]


@pytest.mark.parametrize("content", [f"{TREATY}\n{STRIKE}\n", f"Headline!coder\n{TREATY}!neutral\n"])
def test_a_text_that_is_no_table_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(InputError, match="notes.txt: expected a table, found a single column; .* with --delimiter"):
        import_files([path])


def test_the_sheets_with_the_named_columns_are_read_and_the_others_named(tmp_path, capsys):
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"about": ["Coded in May."]}).to_excel(writer, sheet_name="Readme", index=False)
        FRAME.assign(who="A").to_excel(writer, sheet_name="One", index=False)
        FRAME.iloc[:1].assign(day=3).to_excel(writer, sheet_name="Two", index=False)
    rows = import_files([path], text="headline", label="coder").rows
    assert [(row["text"], row["who"], row["day"]) for row in rows] == [
        *((text, "A", "") for text in (TREATY, STRIKE, TALK)),
        (TREATY, "", "3"),
    ]
    assert capsys.readouterr().err == f"{path}: skipped sheets without the required columns: Readme\n"
    with pytest.raises(
        InputError, match="none of the sheets Readme, One, Two has .*: no column 'x'; the file has about"
    ):
        import_files([path], text="x")


def test_numbers_are_labels_only_where_they_are_mapped(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"sentence": [TREATY, STRIKE], "label": [0, 1]}).to_csv(path, index=False)
    with pytest.raises(
        LabelError,
        match=r"unknown labels '0' \(1 row\), '1' \(1 row\); say what they mean, such as --map '0'=LABEL \(LABEL is",
    ):
        import_files([path])
    corpus = brought(path, tmp_path, meant=mapping(["1=escalation", "0=de-escalation"]))
    assert corpus.stances.tolist() == ["de-escalation", "escalation"]


def test_whole_numbers_of_excel_and_stata_are_mapped_without_their_point(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"sentence": [TREATY, STRIKE], "label": [2.0, 1.0]}).to_parquet(path)
    assert brought(path, tmp_path, meant=mapping(["1=ASSAULT", "2=AGREE"])).events.tolist() == ["AGREE", "ASSAULT"]


def test_columns_are_told_by_their_content_where_their_names_say_nothing(tmp_path):
    path = tmp_path / "mine.csv"
    frame = pd.DataFrame({"n": [1, 2, 3], "q1": [TREATY, STRIKE, TALK], "q2": ["AGREE", "ASSAULT", "NEUTRAL"]})
    frame.to_csv(path, index=False)
    found = import_files([path])
    assert (found.text_column, found.label_column) == ("q1", "q2")
    assert found.rows[0] == {"text": TREATY, "event": "AGREE", "n": "1"}


def test_where_two_columns_look_like_the_text_the_line_names_both(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"q1": [TREATY, STRIKE], "q2": [STRIKE, TREATY], "label": ["ease", "rise"]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="which column holds the text. q1, q2 look like it; name it with --text"):
        import_files([path])
    assert import_files([path], text="q2").rows[0]["text"] == STRIKE


def test_where_no_column_looks_like_labels_the_line_names_the_candidates(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"text": [TREATY, STRIKE], "a": ["x", "y"], "b": ["p", "q"]}).to_csv(path, index=False)
    with pytest.raises(
        InputError, match="which column holds the label. None is known; found a, b; name it with --label"
    ):
        import_files([path])


def test_of_an_event_and_a_stance_column_both_are_taken_the_finer_one_first(tmp_path):
    path = tmp_path / "mine.csv"
    frame = pd.DataFrame({"text": [TREATY, STRIKE], "a": ["easing", "rising"], "b": ["AGREE", "ASSAULT"]})
    frame.to_csv(path, index=False)
    found = import_files([path])
    assert found.label_column == "b, a"
    assert found.rows[0] == {"text": TREATY, "event": "AGREE", "stance": "de-escalation"}


def test_a_row_without_the_finer_label_keeps_the_coarser_one(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "text,label,event,quad\nKenya pact,escalation,ASSAULT,\nFoo bar,escalation,,\n"
        "Baz qux,,,Verbal conflict\nNo label,,,\n"
    )
    found = import_files([path])
    assert found.rows == [
        {"text": "Kenya pact", "event": "ASSAULT", "stance": "escalation"},
        {"text": "Foo bar", "stance": "escalation"},
        {"text": "Baz qux", "quad": "verbal conflict"},
    ]
    assert found.unlabelled == 1
    assert brought(path, tmp_path).stances.tolist() == ["escalation"] * 3


def test_labels_of_a_row_that_contradict_each_other_are_a_reject_with_its_line(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "text,stance,event\nOne fine pact,de-escalation,AGREE\nA pact,escalation,AGREE\nA talk,escalation,neutral\n"
    )
    found = import_files([path])
    assert [(one.row, one.text) for one in found.rejects] == [(3, "A pact"), (4, "A talk")]
    assert found.rejects[0].reason == "AGREE means de-escalation, but the row says escalation"
    assert found.rejects[1].reason == "the row says both neutral and escalation; keep one"
    assert len(found.rows) == 1
    write_imported(found, tmp_path / "out.csv")
    assert "AGREE means de-escalation" in (tmp_path / "out.rejects.csv").read_text()
    path.write_text("text,stance,event\nA pact,escalation,AGREE\n")
    with pytest.raises(InputError, match="found none; row 2: AGREE means de-escalation, but the row says escalation"):
        import_files([path])


@pytest.mark.parametrize("missing", ["None", "NA", "nan", "null", "N/A", " None "])
def test_a_missing_value_is_neither_a_label_nor_a_text(tmp_path, missing):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,stance\n{TALK},{missing}\n{STRIKE},escalation\n{missing},escalation\n")
    found = import_files([path])
    assert ([row["text"] for row in found.rows], found.unlabelled) == ([STRIKE], 2)
    named = import_files([path], meant=mapping([f"{missing}=neutral"]))
    assert ([row["stance"] for row in named.rows], named.unlabelled) == (["neutral", "escalation"], 1)


def test_mappings_ignore_case_and_the_point_of_whole_numbers(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,label\n{STRIKE},HAWK\n{TREATY},dove\n")
    assert brought(path, tmp_path, meant=mapping(["hawk=escalation", "Dove=AGREE"])).stances[0] == "escalation"
    path.write_text(f"text,label\n{STRIKE},1.0\n{TREATY},0.0\n{TALK},\n")
    found = import_files([path], meant=mapping(["1=escalation", "0=de-escalation"]))
    assert [row["stance"] for row in found.rows] == ["escalation", "de-escalation"]
    path.write_text(f"text,label\n{STRIKE},a\n{TREATY},A\n")
    found = import_files([path], meant=mapping(["A=AGREE", "a=ASSAULT"]))
    assert [row["event"] for row in found.rows] == ["ASSAULT", "AGREE"]


def test_mappings_that_match_nothing_are_named_in_one_line(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,label\n{STRIKE},hawk\n")
    import_files([path], meant=mapping(["Hawk=escalation", "dvoe=AGREE", "x="]))
    said = f"{path}: no row has the label of --map dvoe=AGREE, x=; check the spelling\n"
    assert capsys.readouterr() == ("", said)


def test_rows_whose_label_is_mapped_to_nothing_are_left_out_and_counted(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,label\n{STRIKE},escalation\n{TALK},Unclear\n")
    found = import_files([path], meant=mapping(["unclear="]))
    assert ([row["text"] for row in found.rows], found.unlabelled) == ([STRIKE], 1)
    assert found.labels == {"escalation": ("escalation", 1), "Unclear": ("left out", 1)}
    export = tmp_path / "export.json"
    export.write_text(json.dumps([label_studio(TREATY, "AGREE"), label_studio(TALK, "unclear")]))
    found = import_files([export], meant=mapping(["unclear="]))
    assert ([row["event"] for row in found.rows], found.unlabelled) == (["AGREE"], 1)


def test_a_table_of_one_column_asks_for_the_delimiter(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"text\n{STRIKE}\n")
    with pytest.raises(InputError, match="found only 'text'; if another mark separates .* name it with --delimiter"):
        import_files([path])
    path.write_text("text!label\nChad bombs Mali!rise\n")
    with pytest.raises(InputError, match="has text!label; name it with --text; if another .* with --delimiter"):
        import_files([path])
    assert len(import_files([path], written=Written(delimiter="!")).rows) == 1


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_lines_that_end_as_on_old_macs_are_read(tmp_path, ending):
    path, mark = tmp_path / f"mine{ending}", "," if "csv" in ending else "\t"
    data = f'text{mark}label\r{TREATY}{mark}ease\r"Chad, said to be, at war"{mark}rise\r'.encode()
    path.write_bytes(gzip.compress(data) if ending.endswith(".gz") else data)
    found = import_files([path])
    assert [row["stance"] for row in found.rows] == ["de-escalation", "escalation"]
    path = tmp_path / f"bad{path.suffixes[0]}"
    path.write_bytes(data.replace(b"ease", b"ease" + mark.encode() + b"x"))
    assert [(one.file, one.row) for one in import_files([path]).rejects] == [(str(path), 2)]


def test_nul_bytes_ask_for_the_encoding(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(f"text,label\n{STRIKE},rise\n".encode("utf-16-le"))
    assert len(import_files([path]).rows) == 1
    path.write_bytes(f"日,text,label\n1,{STRIKE},rise\n".encode("utf-16-le"))
    with pytest.raises(InputError, match="mine.csv: expected text, found NUL bytes; set --encoding, .* utf-16-le"):
        import_files([path])
    assert len(import_files([path], written=Written("utf-16-le")).rows) == 1


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        FRAME.to_json(),
        FRAME.to_json(orient="index", indent=1),
        FRAME.to_json(orient="split"),
        FRAME.to_json(orient="table"),
        json.dumps({"text": [TREATY], "label": ["AGREE"]}),
        json.dumps({"count": 1, "data": [{"text": TREATY, "label": "AGREE"}]}),
    ],
)
def test_json_that_is_no_list_of_records_says_how_to_write_it(tmp_path, suffix, content):
    path = tmp_path / f"mine{suffix}"
    path.write_text(content)
    with pytest.raises(InputError, match="not a list of records; write it with orient='records'"):
        import_files([path])


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_file_that_is_not_compressed_as_its_name_says_is_a_clear_line(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}.gz"
    path.write_text(f"text,label\n{STRIKE},rise\n")
    with pytest.raises(InputError, match=f"mine{suffix}.gz: cannot be read as {suffix[1:].upper()}: .*; check that"):
        import_files([path])


@pytest.mark.parametrize("content", ["[]", " [ ]\n"])
def test_an_empty_list_holds_no_rows(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(InputError, match="mine.json: the file holds no rows; expected at least one"):
        import_files([path])


def test_a_single_record_is_one_row(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"text": TREATY, "stance": "ease", "meta": {"id": 1}}, indent=1).replace("\n", ""))
    assert len(import_files([path]).rows) == 1


def test_columns_of_the_same_name_are_both_kept(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"text,stance,note,note\n{TREATY},ease,a,b\n")
    assert import_files([path]).rows == [{"text": TREATY, "stance": "de-escalation", "note": "a", "note_2": "b"}]


def test_a_table_without_a_header_is_read_with_the_option(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text(f"{TREATY}\t1\n{STRIKE}\t4\n")
    meant = mapping(["1=verbal cooperation", "4=material conflict"])
    found = import_files([path], meant=meant, headed=False)
    assert [row["quad"] for row in found.rows] == ["verbal cooperation", "material conflict"]


@pytest.mark.parametrize(("label", "mapped"), [("escalation", []), ("4", ["4=material conflict", "1=aid"])])
def test_a_header_that_is_a_row_is_a_clear_line(tmp_path, label, mapped):
    path = tmp_path / "mine.csv"
    path.write_text(f"{STRIKE},{label}\n{TREATY},{label}\n")
    with pytest.raises(
        InputError, match=f"'{label}', which should name the label column, is itself a label.*--no-head"
    ):
        import_files([path], meant=mapping(mapped))
    assert len(import_files([path], meant=mapping(mapped), headed=False).rows) == 2
    assert len(import_files([path], label=label, meant=mapping(mapped)).rows) == 1


@pytest.mark.parametrize("name", ["opinion", " Opinion"])
def test_the_opinion_of_the_model_is_not_taken_for_a_label_unless_named(tmp_path, name):
    path = tmp_path / "picked.csv"
    pd.DataFrame({"id": [1], "text": [STRIKE], "stance": [""], name: ["escalation"]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="expected at least one labelled row, found none"):
        import_files([path])
    assert import_files([path], label="opinion").rows[0]["stance"] == "escalation"
    pd.DataFrame({"text": [STRIKE], name: ["escalation"]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="which column holds the label"):
        import_files([path])


def test_other_columns_come_along_but_for_those_that_training_would_take_for_labels(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"text": [TREATY], "coder": ["ease"], "label": ["7"], "date": ["2024-01-02"]}).to_csv(
        path, index=False
    )
    assert import_files([path], label="coder").rows == [
        {"text": TREATY, "stance": "de-escalation", "date": "2024-01-02"}
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("A", "expected LABEL=MEANING"),
        ("A=war", "unknown label 'war'; expected one of escalation"),
        ("=escalation", "expected LABEL=MEANING"),
    ],
)
def test_a_mapping_that_says_nothing_is_a_clear_line(given, message):
    with pytest.raises(LabelError, match=message):
        mapping([given])


def test_two_meanings_of_one_label_are_an_error():
    with pytest.raises(LabelError, match="'A' is already escalation"):
        mapping(["A=escalation", "A=neutral"])


def label_studio(text, choice, project=1, by=3):
    result = [{"type": "choices", "value": {"choices": [choice]}}] if choice else []
    annotations = [{"result": result, "completed_by": by, "was_cancelled": choice is None}]
    return {"id": 9, "project": project, "data": {"text": text, "id": "n-1"}, "annotations": annotations}


def test_an_export_of_label_studio_is_read(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([label_studio(TREATY, "De-escalation"), label_studio(TALK, None)]))
    found = import_files([path])
    assert found.rows == [{"id": "n-1", "text": TREATY, "stance": "de-escalation", "annotator": "3", "project": "1"}]
    assert found.unlabelled == 1


def test_exports_of_two_projects_are_a_clear_line(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(json.dumps([label_studio(TREATY, "AGREE", project=1)]))
    other.write_text(json.dumps([label_studio(STRIKE, "ASSAULT", project=2)]))
    with pytest.raises(
        InputError, match="one.json is of project 1, .*two.json is of project 2; .*files of one project at a time"
    ):
        import_files([one, other])


def test_an_export_of_prodigy_is_read_and_rejected_answers_are_left_out(tmp_path):
    path = tmp_path / "export.jsonl"
    rows = [
        {"text": TREATY, "accept": ["AGREE"], "answer": "accept", "_session_id": "db-ann", "meta": {"id": "7"}},
        {"text": STRIKE, "accept": ["ASSAULT"], "answer": "reject"},
        {"text": TALK, "label": "NEUTRAL", "answer": "accept"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = import_files([path])
    assert [row["event"] for row in found.rows] == ["AGREE", "NEUTRAL"]
    assert found.rows[0]["annotator"] == "db-ann"
    assert found.unlabelled == 1


def test_an_export_of_doccano_is_read(tmp_path):
    path = tmp_path / "export.jsonl"
    rows = [{"id": 1, "text": TREATY, "label": ["AGREE"]}, {"id": 2, "text": TALK, "label": []}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = import_files([path])
    assert [(row["id"], row["event"]) for row in found.rows] == [("1", "AGREE")]


def test_an_unknown_label_of_an_export_is_a_clear_line(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([label_studio(TREATY, "Hawkish")]))
    with pytest.raises(LabelError, match=r"export.json: unknown labels 'Hawkish' \(1 row\)"):
        import_files([path])


def test_a_text_with_two_labels_in_a_tool_is_an_unknown_label(tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps({"id": 1, "text": TREATY, "label": ["AGREE", "AID"]}))
    with pytest.raises(LabelError, match=r"'AGREE \| AID'"):
        import_files([path])


@pytest.mark.parametrize("tool", ["prodigy", "doccano"])
def test_tasks_come_back_with_their_meta(tmp_path, tool):
    path = tmp_path / "tasks.jsonl"
    path.write_text(tasks_for(tool, [Task("n-1", TREATY, {"picked": "random", "pool": "abc"}, "AGREE")]))
    more = {"answer": "accept"} if tool == "prodigy" else {"label": ["AGREE"]}
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
    (answer,) = read_export(path)
    assert (answer.id, answer.text, answer.label, answer.picked) == ("n-1", TREATY, "AGREE", "random")
    assert answer.project == "abc"


def test_the_opinion_in_tasks_of_doccano_is_no_label(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_text(tasks_for("doccano", [Task("n-1", TREATY, {"picked": "random"}, "AGREE")]))
    assert json.loads(path.read_text())["opinion"] == "AGREE"
    (answer,) = read_export(path)
    assert (answer.id, answer.label) == ("n-1", "")


def test_a_short_export_of_label_studio_keeps_our_id_beside_its_own(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps([{"text": TREATY, "text_id": "n-1", "id": 17, "label": "AGREE", "annotator": 1, "annotation_id": 5}])
    )
    (answer,) = read_export(path)
    assert (answer.id, answer.label, answer.annotator) == ("n-1", "AGREE", "1")


def test_a_short_export_of_label_studio_may_have_no_id_but_ours(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"text": TREATY, "text_id": "n-1", "label": "AGREE", "annotation_id": 5}]))
    (answer,) = read_export(path)
    assert (answer.id, answer.label) == ("n-1", "AGREE")


def test_tasks_of_label_studio_hide_the_opinion_unless_asked():
    (hidden,) = json.loads(tasks_for("label-studio", [Task("n-1", TREATY)]))
    assert hidden == {"data": {"text": TREATY, "text_id": "n-1"}}
    (shown,) = json.loads(tasks_for("label-studio", [Task("n-1", TREATY, opinion="escalation")]))
    assert shown["predictions"][0]["result"][0]["value"] == {"choices": ["escalation"]}
    assert '<Choice value="AID"/>' in label_studio_config(("AID",))


def test_the_command_says_what_each_label_was_taken_for(tmp_path):
    FRAME.to_csv(tmp_path / "mine.csv", index=False)
    done = CliRunner().invoke(app, ["data", "import", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "out.csv")])
    assert done.exit_code == 0, done.output
    assert "Escalatory" in done.output
    assert len(read_labelled([tmp_path / "out.csv"])) == 3
