# The commands of this project. `make help` lists them; `make run` and `make test` need only python3 (3.11 or newer) and make.

VENV := .venv
PYTHON := $(VENV)/bin/python
SHELL := /bin/sh

# What pages load that only npm has; see scripts/client.sh.
CLIENT := static/vendor/socket.io.js

# Where DATABASE_URL names PostgreSQL or ENGINE_URL is set, in the environment or in the settings file, `make run`
# installs what they need. Where a settings file does it in a way that is not seen here, the start says what to run.
SETTINGS_FILE = "$${INSTANCE_PATH:-instance}/application.cfg.py"
IN_FILE = $(shell grep -Es '^[[:space:]]*DATABASE_URL[[:space:]]*=.*postgres' $(SETTINGS_FILE))
BROKER_IN_FILE = $(shell grep -Es '^[[:space:]]*ENGINE_URL[[:space:]]*=.*redis' $(SETTINGS_FILE))
FOR_DATABASE := $(if $(DATABASE_URL),$(filter postgres%,$(DATABASE_URL)),$(IN_FILE))
NEEDED := $(if $(FOR_DATABASE)$(ENGINE_URL)$(BROKER_IN_FILE),scale,run)

# The whole suite is shared by several processes; see tests/sharing.py.
SHARED := --numprocesses auto

.PHONY: help run scale test check bench soak format lock clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.$(NEEDED) ## start the service; PORT=8080 make run chooses another port
	@exec $(PYTHON) app.py

scale: $(VENV)/.scale ## install what PostgreSQL, Redis and Celery need; make run does it where a setting names one of them

# What is named on the command line of make is in the environment of what it runs; tests/chosen.py reads DATABASE there.
test: $(VENV)/.dev ## the whole test suite; ARGS="-k badge" runs a part, DATABASE=postgresql (or sqlite) all of it on that one
	@sh scripts/programs.sh
	@exec $(PYTHON) -m pytest $(if $(ARGS),$(ARGS),$(SHARED))

check: $(VENV)/.dev ## format, lint, types, and the layers of the house
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(PYTHON) scripts/sizes.py

bench: $(VENV)/.dev $(VENV)/.bench ## measure: one JSON line for each figure, peers in the same run
	@exec $(PYTHON) -m bench

soak: $(VENV)/.dev $(VENV)/.bench ## prove that nothing is lost: kills and load, minutes long; make soak ARGS="web-kills --runs 5" runs a part
	@exec $(PYTHON) -m soak $(ARGS)

format: $(VENV)/.dev ## put every file into the house's format
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

lock: ## compile requirements*.in and package.json into pins with hashes
	@sh scripts/lock.sh

clean: ## remove the environment; the database and the keys in instance/ stay
	rm -rf $(VENV)

# A stamp for each set of pinned packages: they are installed again only when the pins change.
$(VENV)/.run: requirements.txt scripts/setup.sh
	@sh scripts/setup.sh requirements.txt
	@touch $@

$(VENV)/.scale: requirements.txt requirements-scale.txt scripts/setup.sh
	@sh scripts/setup.sh requirements.txt requirements-scale.txt
	@touch $@ $(VENV)/.run

$(VENV)/.dev: requirements.txt requirements-scale.txt requirements-dev.txt scripts/setup.sh
	@sh scripts/setup.sh requirements.txt requirements-scale.txt requirements-dev.txt
	@touch $@ $(VENV)/.scale $(VENV)/.run

# It never holds up what comes after it, and where it could not be installed it is tried again with the next command.
$(VENV)/.run $(VENV)/.scale $(VENV)/.dev: | $(CLIENT)

$(CLIENT): package-lock.json scripts/client.sh
	@sh scripts/client.sh

$(VENV)/.bench: requirements-node.txt scripts/setup.sh
	@sh scripts/setup.sh requirements-node.txt
	@touch $@
