# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
RUN = $(PYTHON) tests/tooling/run.py

LEGS = lint types agent_floor unit agent sanity end_to_end_2.16 end_to_end_2.19 end_to_end_latest wine ssh build

.PHONY: test try bench clean $(LEGS)

# Everything: sets up what it needs below .work/ and closes with a table of what ran, failed, or could not run.
test:
	@$(RUN)

# One leg alone, such as `make unit`.
$(LEGS):
	@$(RUN) $@

# A first look at the collection, on two simulated hosts.
try:
	@$(RUN) try

# Measures, and writes docs/benchmarks.md.
bench:
	@$(RUN) bench

clean:
	rm -rf .work tests/output .ansible
