# make demo: run two policies on a real ROS 2 graph and measure them. make test: run the tests.
# make install: what the demo needs, without running it; make train, make ray, make log: what
# training, Ray clusters and TensorBoard logs need as well. make lint: check style and types.
# make docs: build the documentation as a site. All of them set up .venv on first use.
# Choose the interpreter with PYTHON=python3.12.
#
# If ROS 2 is sourced (apt, RoboStack), its rclpy and its NumPy are used; otherwise ROS 2 comes from
# PyPI wheels. Training and its tests need torch, always the CPU build. `make test TORCH=no` leaves
# both out; TORCH_INDEX=URL names the package index that has the CPU builds.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= cpu
TORCH_INDEX ?=
WORKERS ?= 2

BIN := $(VENV)/bin
ROS := $(shell [ -n "$$AMENT_PREFIX_PATH" ] && $(PYTHON) -c \
	'import rclpy, sys; sys.exit(sys.prefix != sys.base_prefix)' 2>/dev/null && echo sourced)
PINS := $(VENV)/constraints.txt
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check -c $(PINS)

ifeq ($(ROS),sourced)
VENV_OPTIONS := --system-site-packages
else
EXTRA := ros,
endif
ifneq ($(TORCH),no)
TRAIN := train,
endif

.DELETE_ON_ERROR:
.PHONY: demo install train ray log test test-all lint docs clean

demo: $(VENV)/.demo
	$(BIN)/liquid-control demo

install: $(VENV)/.demo

train ray log: %: $(VENV)/.%

test: $(VENV)/.test-$(TORCH)
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' $(ARGS)

test-all: $(VENV)/.test-$(TORCH)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check --python $(VENV)

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) build site install log .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: setup.py $(PINS)
	$(INSTALL) -e '.[$(EXTRA)sim]'
	touch $@

# Alone, so that pip looks for no other package there; the pin allows only the CPU build.
define INSTALL_TORCH
@$(INSTALL) --no-deps $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch || { \
  echo 'No CPU build of torch for this Python here. Training and its tests need it;' >&2; \
  echo '`make test TORCH=no` runs the others; TORCH_INDEX=URL names the index of PyTorch that' >&2; \
  echo 'has CPU builds (its installation page says which).' >&2; \
  exit 1; }
endef

$(VENV)/.train: setup.py $(PINS)
	$(INSTALL_TORCH)
	$(INSTALL) -e '.[$(EXTRA)train]'
	touch $@

$(VENV)/.ray $(VENV)/.log: $(VENV)/.%: setup.py $(PINS)
	$(INSTALL) -e '.[$(EXTRA)sim,$*]'
	touch $@

$(VENV)/.test-$(TORCH): setup.py $(PINS)
ifneq ($(TORCH),no)
	$(INSTALL_TORCH)
endif
	$(INSTALL) -e '.[$(EXTRA)sim,$(TRAIN)test]'
	touch $@

# Types are checked against the packages that the tests need.
$(VENV)/.lint: setup.py $(PINS) $(VENV)/.test-$(TORCH)
	$(INSTALL) -e '.[lint]'
	touch $@

$(VENV)/.docs: setup.py $(PINS)
	$(INSTALL) -e '.[docs]'
	touch $@

# A sourced ROS 2 was built against the system's NumPy, so that version is kept.
$(PINS): constraints.txt | $(BIN)/python
	cp constraints.txt $@
ifeq ($(ROS),sourced)
	sed -i '/^numpy==/d' $@
	$(BIN)/python -c 'import numpy; print(f"numpy=={numpy.__version__}")' >> $@
endif

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || { \
	  echo '$(PYTHON): Python 3.10 to 3.13 is needed: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'Python lacks its venv module: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)
