# make demo | test | bench | test-long | check | wheel: from nothing, on a machine with Python 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test test-long bench check web wheel clean

$(STAMP): pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing Python packages ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

web: $(STAMP)
	@$(BIN)/python tools/build_web.py

demo: web
	@$(BIN)/dialer demo

test: web
	@$(BIN)/python tools/check.py
	@$(BIN)/python -m pytest $(ARGS)

test-long: web
	@DIALER_LONG=1 $(BIN)/python -m pytest --timeout 3600 $(ARGS)

bench: web
	@$(BIN)/python -m bench $(BENCH)

check: $(STAMP)
	@$(BIN)/python tools/check.py

wheel: web
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps -w dist .

clean:
	rm -rf $(VENV) web/node_modules dialer/http/static data
