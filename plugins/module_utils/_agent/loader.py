# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The first code of the agent on a host: makes the modules that came over the wire importable.

Nothing of it is written to disk, and a module is compiled only when something imports it: compiling
the whole agent would cost more than reading the metadata of a hundred packages.

This file is executed, not imported. Whoever executes it provides PARTS (this text, then the name and
the text of each module in turn), PROGRAM (the same as it came over the wire) and STDIN.
"""

import gc
import os
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery imports ten modules for the same class

PACKAGE = "mlfleet_agent"


SOURCES = dict(zip(PARTS[1::2], PARTS[2::2]))  # noqa: F821


class WireFinder(object):
    """Finds the agent's modules in the texts that came with the call."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        package, _dot, name = fullname.rpartition(".")
        if fullname == PACKAGE or (package == PACKAGE and name in SOURCES):
            return ModuleSpec(fullname, cls, is_package=not package)
        return None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name = module.__name__.rpartition(".")[2]
        code = compile(SOURCES.get(name, ""), "<mlfleet agent>/%s.py" % name, "exec")
        exec(code, module.__dict__)  # pylint: disable=exec-used


gc.disable()  # The program ends long before it could fill the memory.
sys.meta_path.append(WireFinder)

from mlfleet_agent import conversation  # noqa: E402

conversation.hold(STDIN, sys.stdout.buffer, PROGRAM)  # noqa: F821
sys.stdout.flush()
# All is said. Taking the interpreter down in order would cost as much as the walk over 60 packages.
os._exit(0)  # pylint: disable=protected-access
