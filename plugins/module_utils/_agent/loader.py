# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The first code of the agent on a host: makes the modules that came over the wire importable.

Nothing of it is written to disk, and a module is compiled only when something imports it: compiling
the whole agent would cost more than reading the metadata of a hundred packages.
"""

import gc
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery imports ten modules for the same class

try:
    from posix import _exit
except ImportError:
    from nt import _exit

PACKAGE = "mlfleet_agent"


class WireFinder(object):
    """Finds the agent's modules in the texts that came with the call."""

    def __init__(self, sources):
        self._sources = sources

    def find_spec(self, fullname, path=None, target=None):
        package, _dot, name = fullname.rpartition(".")
        if fullname == PACKAGE or (package == PACKAGE and name in self._sources):
            return ModuleSpec(fullname, self, is_package=not package)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__.rpartition(".")[2]
        code = compile(self._sources.get(name, ""), "<mlfleet agent>/%s.py" % name, "exec")
        exec(code, module.__dict__)  # pylint: disable=exec-used


def run(parts, program, stdin):
    """Runs the agent. parts: this text, then name and text of each module; program: how all that came over the wire."""
    gc.disable()  # The program ends long before it could fill the memory.
    sys.meta_path.append(WireFinder(dict(zip(parts[1::2], parts[2::2]))))
    from mlfleet_agent import conversation

    conversation.hold(stdin, sys.stdout.buffer, program)
    sys.stdout.flush()
    sys.stderr.flush()
    # All is said. Taking the interpreter down in order would cost as much as the walk over 60 packages.
    _exit(0)
