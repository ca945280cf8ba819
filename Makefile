# `make` lists the targets. Each target sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
EXE := .exe
else
BIN := $(VENV)/bin
EXE :=
endif
PY := $(BIN)/python$(EXE)
PIP := $(PY) -m pip --disable-pip-version-check install -q -c constraints.txt
SOURCES := pipeline tests experiments conftest.py

.DEFAULT_GOAL := help
.PHONY: help demo test check lint faults fuzz mutate audit constraints clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/detente$(EXE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Detente needs Python 3.11 or later, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (a minute or two the first time)"
	@$(PIP) --progress-bar on -e .
	@touch $@

$(BIN)/pytest$(EXE): $(BIN)/detente$(EXE)
	@echo "installing what the tests need"
	@$(PIP) -e '.[test]'
	@touch $@

demo: $(BIN)/detente$(EXE) ## install, train, evaluate, score three articles, draw a timeline
	$(BIN)/detente train
	$(BIN)/detente evaluate --data data/heldout.csv
	@echo 'These held-out snippets were written with the corpus, so they are easy: figures on real text are in README.md.'
	$(BIN)/detente score --format table data/examples
	$(BIN)/detente timeline data/archive.csv --out timeline
	@echo
	@echo 'Next: $(BIN)/detente score "Rebels handed over their weapons."'
	@echo '      $(BIN)/detente score your-articles/ --sentences --out scored.csv'
	@echo '      $(BIN)/detente explain data/examples/rising.txt --html explained.html'
	@echo '      open timeline/timeline.html in a browser'
	@echo '      $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db'

test: lint ## run all tests in two processes and check coverage
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=
	$(PY) -m coverage json -q -o build/coverage.json
	$(PY) tests/covered.py build/coverage.json

check: lint ## run style checks, type checks and quick tests before a commit
	$(PY) -m pytest -m "not slow" -x tests/test_house.py tests/test_docs.py tests/test_tokens.py tests/test_analysis.py \
	  tests/test_read.py tests/test_documents.py tests/test_score.py tests/test_data.py pipeline

lint: $(BIN)/pytest$(EXE) ## check style, import order and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

faults: $(BIN)/pytest$(EXE) ## kill 200 runs (KILLS=20: fewer), disturb others in twelve ways, check that nothing is lost
	$(PY) -m experiments.faults $(or $(KILLS),200)

fuzz: $(BIN)/pytest$(EXE) ## fuzz the readers and the analyser for three minutes (SECONDS=600: longer)
	@$(PIP) -e '.[fuzz]'
	$(PY) experiments/fuzz.py $(or $(SECONDS),180)

mutate: $(BIN)/pytest$(EXE) ## make small changes to the code and list those that no test detects
	@$(PIP) -e '.[mutate]'
	$(PY) -m mutmut run
	$(PY) -m mutmut results

audit: ## look up the pinned versions in the database of known vulnerabilities (pip-audit)
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install -q pip-audit
	build/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt
	rm -rf build/audit

constraints: ## regenerate constraints.txt
	$(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install -q -e '.[test]'
	( echo '# Exact versions of everything installed, read by pip through -c. After a change: make constraints.'; \
	  build/pins/bin/python -m pip freeze --exclude-editable ) > constraints.txt
	rm -rf build/pins

clean: ## remove everything that the other targets create
	rm -rf $(VENV) build mutants .coverage* *.egg-info models mlflow.db mlruns timeline
