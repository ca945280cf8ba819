"""The gate behind `make test`: what it prints and when it ends with an error."""

import json

import pytest

from tests.covered import main


@pytest.mark.parametrize(("branches", "code"), [(90.0, 0), (89.9, 1)])
def test_too_few_branches_end_with_an_error_and_the_files_that_leave_most(tmp_path, capsys, branches, code):
    files = {name: {"summary": {"missing_lines": n, "missing_branches": 1}} for name, n in (("a.py", 3), ("b.py", 9))}
    report = {"totals": {"percent_statements_covered": 96.5, "percent_branches_covered": branches}, "files": files}
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report))
    assert main(str(path)) == code
    first, second, third, last = capsys.readouterr().out.splitlines()
    assert (first, second.split(), third.split()) == ("not run", ["10", "b.py"], ["4", "a.py"])
    assert last == f"statements 96.5 % (at least 95), branches {branches:.1f} % (at least 90)"
