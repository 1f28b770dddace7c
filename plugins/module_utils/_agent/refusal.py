# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The one exception that ends a conversation with words meant for the person at the other end."""


class Refusal(Exception):
    """The agent will not or cannot do what was asked."""

    def __init__(self, code, message):
        super(Refusal, self).__init__(message)
        self.code = code
        self.message = message
