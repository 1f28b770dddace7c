# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The words that start the agent; its program and the request follow on standard input.

-I keeps PYTHON* variables and the user site out, -S keeps the code in .pth files from running. There are no
quotes and no percent signs, because the words pass through cmd.exe; base64, because a stream that somebody
takes for text arrives unharmed.
"""

ARGUMENTS = (
    "-I",
    "-S",
    "-c",
    "import sys,zlib,binascii;s=sys.stdin.buffer;p=s.readline();"
    "t=zlib.decompress(binascii.a2b_base64(p)).decode().split(chr(0));exec(t[0]);run(t,p,s)",
)
