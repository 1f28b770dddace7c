# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Sphinx. `make docs` lays out the pages as in the checkout, with the reference in `reference/`."""

from __future__ import annotations

import pathlib
import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

logger = logging.getLogger(__name__)

project = "mlfleet.packages"
author = "the mlfleet authors"
copyright = "2026 the mlfleet authors, GPL-3.0-or-later"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# It is included in index.md.
exclude_patterns = ["README.md"]
nitpicky = True
myst_heading_anchors = 3

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["site.css"]
# Those of site.css.
antsibull_ext_color_scheme = "none"

# Where a name stands for two things, that in the word before it is meant, or else the first of these.
KINDS = ("module", "role", "lookup", "filter", "callback")
OURS = re.compile(r"mlfleet\.packages\.(\w+)")
ANSIBLE_DOCUMENTATION = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_PLUGIN = re.compile(r"ansible_collections\.ansible\.builtin\.(\w+_\w+)")
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# What antsibull-docs writes for docs.ansible.com and is wrong or in the way here.
CHANGES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Furo has a table of contents of its own, and shows a second one as an error.
    (re.compile(r"^\.\. contents::\n(?:   .*\n)*", re.MULTILINE), ""),
    # A title that fits into the navigation, in place of the note about Galaxy, where the collection is not.
    (
        re.compile(
            r"^mlfleet\.packages\.(\w+ \w+) -- (.*)\n(\++)\n\n\.\. Collection note\n\n\.\. note::\n(?:    .*\n|\n)*",
            re.MULTILINE,
        ),
        r"\1\n\3\n\n\2.\n\n",
    ),
    (re.compile(r"^Mlfleet\.Packages\n=+", re.MULTILINE), "Modules, roles and plugins\n=========================="),
    (re.compile(r"^Index of all Collection Environment Variables$", re.MULTILINE), "Environment variables"),
    # A button made of `repository: ""` in galaxy.yml, a key that ansible-lint asks for.
    (
        re.compile(
            r"\.\. ansible-links::\n\n  - title: \"Repository \(Sources\)\"\n    url: \"\"\n    external: true\n"
        ),
        "",
    ),
)


def link_names(app: Sphinx, page: nodes.document) -> None:
    """Makes links to the reference of names in the text, so that the same page needs no links of its own elsewhere."""
    for literal in list(page.findall(nodes.literal)):
        match = OURS.fullmatch(literal.astext())
        if match is None or isinstance(literal.parent, (nodes.reference, pending_xref)):
            continue
        label = _label(pathlib.Path(app.srcdir), match[1], _word_before(literal))
        if label is not None:
            literal.replace_self(_reference(app.env.current_document.docname, label, literal))


def _word_before(literal: nodes.literal) -> str:
    before = literal.previous_sibling()
    return before.astext().split()[-1] if before is not None and before.astext().split() else ""


def _label(source: pathlib.Path, name: str, word_before: str) -> str | None:
    for kind in sorted(KINDS, key=lambda kind: kind != word_before):
        if (source / "reference" / f"{name}_{kind}.rst").exists():
            return f"ansible_collections.mlfleet.packages.{name}_{kind}"
    # Playbooks have guides and no page in the reference.
    if not (source / "playbooks" / f"{name}.yml").exists():
        logger.warning("mlfleet.packages.%s is not in this collection; correct the name", name)
    return None


def _reference(page: str, label: str, shown: nodes.literal) -> pending_xref:
    words = {"refdomain": "std", "reftype": "ref", "reftarget": label, "refexplicit": True, "refdoc": page}
    return pending_xref("", shown.deepcopy(), refwarn=True, **words)


def link_ansible(
    app: Sphinx, environment: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.reference | None:
    """Links to Ansible's own pages without their index, which would have to be downloaded for every build."""
    target = str(node["reftarget"])
    plugin = ANSIBLE_PLUGIN.fullmatch(target)
    path = f"collections/ansible/builtin/{plugin[1]}.html" if plugin else ANSIBLE_LABELS.get(target)
    return nodes.reference("", "", shown, refuri=ANSIBLE_DOCUMENTATION + path) if path else None


def change_reference(app: Sphinx, name: str, source: list[str]) -> None:
    """Fits the generated pages to this site."""
    if name.startswith("reference/"):
        for pattern, replacement in CHANGES:
            source[0] = pattern.sub(replacement, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", change_reference)
    app.connect("doctree-read", link_names)
    app.connect("missing-reference", link_ansible)
