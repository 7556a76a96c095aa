# make demo | test | bench | test-long | check | wheel: from nothing, on a machine with Python 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
RUN    := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
# Compiled modules are kept, whatever the shell says: the tests start many processes.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-long bench check web wheel clean

$(RUN): pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing what the daemon needs ..."
	@$(PIP) -e .
	@touch $@

$(DEV): $(RUN)
	@echo "installing what the tests need ..."
	@$(PIP) -e '.[dev]'
	@touch $@

web: $(RUN)
	@$(BIN)/python tools/build_web.py

demo: web
	@$(BIN)/dialer demo

test: $(DEV) web
	@$(BIN)/python tools/check.py
	@$(BIN)/python -m pytest -n 3 --ignore tests/asterisk --ignore tests/browser \
		-m "not network and not many and not asterisk and not browser and not alone" $(ARGS)
	@$(BIN)/python -m pytest -n 3 --dist worksteal --ignore tests/asterisk --ignore tests/browser \
		-m "(network or many) and not alone" $(ARGS)
	@$(BIN)/python -m pytest -m "asterisk or browser or alone" $(ARGS)

test-long: $(DEV) web
	@DIALER_LONG=1 $(BIN)/python -m pytest --timeout 3600 $(ARGS)

bench: $(DEV) web
	@$(BIN)/python -m bench $(BENCH)

check: $(DEV)
	@$(BIN)/python tools/check.py

wheel: web
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps -w dist .

clean:
	rm -rf $(VENV) web/node_modules dialer/http/static data
