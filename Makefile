# make demo: install, train, evaluate, score. make test: every test. Both make what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
EXAMPLES := data/examples

.PHONY: demo test lint constraints clean

$(BIN)/detente: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (the first time takes a minute or two)"
	@$(PIP) -e .
	@touch $@

$(BIN)/pytest: $(BIN)/detente
	@$(PIP) -e '.[test]'
	@touch $@

demo: $(BIN)/detente
	$(BIN)/detente train
	$(BIN)/detente evaluate --data data/heldout.csv
	$(BIN)/detente score --format table $(EXAMPLES)
	@echo
	@echo 'Next: $(BIN)/detente score "Rebels handed over their weapons."'
	@echo '      $(BIN)/detente score your-articles/ --sentences --out scored.csv'
	@echo '      $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db'

test: $(BIN)/pytest
	$(BIN)/ruff check pipeline tests
	$(BIN)/python -m pytest

lint: $(BIN)/pytest
	$(BIN)/ruff check pipeline tests
	$(BIN)/ruff format --check pipeline tests

constraints:
	$(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install -q -e '.[test]'
	( echo '# Exact versions of everything installed, read by pip through -c. After a change: make constraints.'; \
	  build/pins/bin/python -m pip freeze --exclude-editable ) > constraints.txt
	rm -rf build/pins

clean:
	rm -rf $(VENV) build *.egg-info models mlflow.db mlruns
