# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The one exception that ends a change, with words for the person at the other end."""


class Failure(Exception):
    """Why a change did not come about; what becomes of the runtime is up to whoever catches it."""

    def __init__(self, kind, detail, advice="", said=None):
        super(Failure, self).__init__(detail)
        self.kind = kind
        self.detail = detail
        self.advice = advice
        self.said = said
