# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
RUN = $(PYTHON) tests/tooling/run.py

LEGS = lint types agent_floor unit agent sanity end_to_end_2.16 end_to_end_2.19 end_to_end_latest wine ssh browser build docs demo

.PHONY: test bench screenshot clean $(LEGS)

# Everything: sets up what it needs below .work/ and closes with a table of what ran, failed, or could not run.
test:
	@$(RUN)

# One leg alone, such as `make unit`; `make demo` shows the collection at work on a small fleet of simulated hosts.
$(LEGS):
	@$(RUN) $@

# Takes the picture of the drift report that the guide shows, with chromium.
screenshot:
	@$(RUN) screenshot

# Measures, and writes docs/benchmarks.md.
bench:
	@$(RUN) bench

clean:
	rm -rf .work tests/output .ansible
