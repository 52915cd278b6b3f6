# Two commands for a fresh machine: `make demo` and `make test`. Everything else is for developers.
PYTHON ?= python3
EXTRAS ?= dev
TEST_PROCESSES ?= 2
BIN := .venv/bin
READY := .venv/ready-$(EXTRAS)

.PHONY: demo test check bench lock clean

demo: $(READY)
	$(BIN)/aerogrid demo demo

# By two processes, each with a database, a broker and a browser of its own, files as a whole.
test: $(READY)
	$(BIN)/pytest -q --numprocesses $(TEST_PROCESSES) --dist loadfile

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# All questions, or some: make bench QUESTIONS="campaign registry"
bench: $(READY)
	$(BIN)/python -m benchmarks $(QUESTIONS)

# Written under the oldest Python we support, so that every pin has a build for it; torch by its version
# alone, which both its build for CPUs and the one for GPUs have.
lock: $(READY)
	$(BIN)/pip-compile --quiet --strip-extras --extra dev --extra train --extra openvino --extra campaign --extra storage --extra postgis \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  --output-file requirements.lock pyproject.toml
	sed -i.old "s/+cpu$$//" requirements.lock && rm requirements.lock.old

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "aerogrid needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
	  { echo "No virtual environment could be made. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[$(EXTRAS)]"
	@touch $@

clean:
	rm -rf .venv build *.egg-info
