#!/usr/bin/python
# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The implementation is the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: python_packages
short_description: Keeps the Python packages of SQL Server Machine Learning Services runtimes in a declared state
version_added: 1.0.0
description:
  - Compares a declared list of packages with what each runtime has, and installs, upgrades, downgrades and removes
    what is needed to make them agree.
  - In check mode it answers with the plan that a real run carries out, made from the same facts by the same code.
    What makes a real run fail before it changes anything makes the check fail with the same message.
  - Nothing is resolved on the host, unless O(source=host) says so. The controller works out the plan from the metadata
    of the wheels and of what is installed, with the markers, tags and full version of the runtime; the host's own pip
    then installs exactly the planned wheels, without an index and without dependencies.
  - A plan that would leave an installed package with a need that is not met is refused, and so is one that touches a
    protected package.
  - Wheels of more than 2 MB altogether go through the store of the host, so that they are sent once for all its
    runtimes, and not at all after M(mlfleet.packages.stage), which tells more about the store.
  - After a change the runtime is looked at again and the modules of the new packages are imported. If anything is not
    as planned, what was there before is put back.
author:
  - the mlfleet authors (@mlfleet)
extends_documentation_fragment:
  - mlfleet.packages.agent
requirements:
  - On the controller, C(packaging) 26.1 or newer and C(resolvelib) 1.0 or newer; C(tomli) for O(lock) with Python 3.10.
  - On the controller, to ask O(index), also C(uv), C(unearth) and C(tomli-w).
  - On the host, in each runtime that is changed, pip 8 or newer.
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell the truth.
    support: full
  diff_mode:
    description: Lists the packages that change before and after, with their versions.
    support: full
  idempotent:
    description: A second run changes nothing. The state V(reinstalled) of a package is the one exception.
    support: partial
    details: A package with the state V(reinstalled) is reinstalled each time.
options:
  instances:
    description:
      - Names of the instances whose runtimes are meant, V(MSSQLSERVER) for the default instance, or V(all).
      - An instance stands for the runtime that SQL Server uses for it. Instances that share a runtime change it once.
    type: list
    elements: str
    default: []
  runtimes:
    description:
      - Runtimes that are meant besides or in place of those of O(instances), each by its home, its interpreter, or a
        folder that holds several homes.
    type: list
    elements: str
    default: []
    aliases:
      - runtime
  packages:
    description:
      - What shall be there. Each entry is a requirement (PEP 508) with its extras and markers, such as
        V(pandas>=1.1,<1.4), the path of a wheel on the controller, or a dictionary.
      - A dictionary has the keys C(name), C(version) (a specifier such as V(==0.24.*), or one version), C(extras) and
        C(state); or, for one particular wheel, C(wheel) (a path on the controller), C(host_wheel) (a path on the host)
        or C(url) (fetched by the controller), with its C(sha256), which a URL must have.
      - The C(state) is V(present) (the default), V(absent) (with a version, that version only), V(latest) (the newest
        one that O(wheelhouse) or the index offers) or V(reinstalled) (laid down again in the same version).
      - The key C(instances) limits an entry to some of the instances. There it goes before an entry for all instances.
        Instances that share a runtime must not disagree.
      - The key C(origin) says who declared an entry, in a few words that appear in the plan. The lookup
        P(mlfleet.packages.layered#lookup) sets it.
    type: list
    elements: raw
    default: []
  from_inventory:
    description:
      - Whether what the task leaves open is taken from the inventory. Each option that the task does not set then has
        the value of the variable C(mlfleet_<option>) of the host, such as C(mlfleet_wheelhouse), if there is one.
      - O(packages) is put together from the layers of the host, as P(mlfleet.packages.layered#lookup) explains.
      - Where neither the task nor the inventory names O(instances) or O(runtimes), all instances are meant. The
        variables for these two are left aside if the task names any.
      - An empty text as the value of a variable counts as none, and so does C(omit).
      - Facts are refused as such variables, because a host tells its facts itself.
    type: bool
    default: false
  requirements:
    description:
      - Requirements files on the controller, as pip reads them. Nested files, constraints and sha256 hashes are
        understood, options such as C(--index-url) are refused.
    type: list
    elements: path
    default: []
  lock:
    description:
      - A lock file on the controller (PEP 751, C(pylock.toml)), or a folder with one for each target. All packages of
        the lock that fits a runtime are wanted there, in the locked versions and from wheels with the locked hashes.
      - Of several that fit, the one for the latest Python counts, so that a folder may hold locks for 3.7.1 and for
        3.7.4.
      - The wheels come from O(wheelhouse), from the paths in the lock, or from its URLs, in this order.
    type: path
  wheelhouse:
    description:
      - A folder of wheels on the controller. Whatever is to be installed comes from there, unless O(lock) or
        O(packages) says otherwise. Where it offers several versions, what is installed and satisfies is preferred, then
        the newest.
    type: path
  index:
    description:
      - Whether the controller may ask a package index where neither O(wheelhouse) nor O(lock) is named and a runtime
        lacks something. It then locks for the runtime, fetches the wheels into a folder of its own, and sends them, so
        that the host needs no internet.
      - Equal runtimes with the same declaration share what was locked; M(mlfleet.packages.wheelhouse) does the same
        with more to choose from. What nobody used for a month is removed.
    type: bool
    default: true
  index_url:
    description:
      - The package index that O(index) asks. Without it, that of the controller's own settings (E(UV_DEFAULT_INDEX),
        E(UV_INDEX_URL), E(PIP_INDEX_URL)), or else PyPI.
    type: str
  source:
    description:
      - Who chooses and gets what neither O(wheelhouse) nor O(lock) provides.
      - With V(controller), the controller does, from O(index), and sends it.
      - With V(host), the pip of each runtime does, as the host has set it up, with its index, proxy and certificates
        (C(pip.ini), C(pip.conf), E(PIP_INDEX_URL)). It is asked only where something is lacking, and changes nothing.
        Its answer is one more offer of wheels, so that plan, protection and refusals are the same as ever. In a real
        run it downloads exactly the planned wheels into the store of the host, where their sha256 is compared.
      - V(host) needs pip 22.2 or newer in the runtime, and an index that has wheels and tells their sha256. It excludes
        O(wheelhouse), O(lock), O(index_url) and O(index=false).
      - Sizes are known only after the download. A lack of space on the volume of the runtime is then not told in check
        mode, but before anything is changed.
    type: str
    choices:
      - controller
      - host
    default: controller
  mode:
    description:
      - With V(present), what is declared is installed and mended, and everything else is left alone.
      - With V(exact), packages are also removed that are neither declared, nor needed, nor protected.
    type: str
    choices:
      - present
      - exact
    default: present
  allow_protected:
    description:
      - Protected packages that may be changed all the same.
      - Protected are the load-bearing ones (such as C(pip), C(numpy), C(pandas), C(revoscalepy)) and the baseline,
        which is everything that a runtime had before this collection changed it for the first time.
    type: list
    elements: str
    default: []
  verify_imports:
    description:
      - Which modules are imported after a change, in a fresh interpreter of the runtime. V(auto) stands for those of
        the wheels that were installed, V(none) for none.
    type: list
    elements: str
    default:
      - auto
  verify_files:
    description:
      - How the files of the declared packages, and of what they need, are compared with their record. A package that
        differs is laid down again. V(hash) reads all of these files, V(size) only looks at them.
    type: str
    choices:
      - none
      - size
      - hash
    default: size
  change_time_limit:
    description:
      - Seconds after which a change that has not ended is given up and undone. O(time_limit) is for looking only.
    type: int
    default: 3600
"""

EXAMPLES = r"""
- name: Keep three packages in all instances of a host, from a folder of wheels
  mlfleet.packages.python_packages:
    instances: all
    wheelhouse: files/wheelhouse
    packages:
      - click>=7,<8
      - name: scikit-learn
        version: "==0.24.*"
      - name: colorama
        state: absent

- name: See the drift without changing anything
  mlfleet.packages.python_packages:
    instances: all
    wheelhouse: files/wheelhouse
    packages:
      - click>=7,<8
  check_mode: true
  diff: true
  register: drift

- name: List what would be done
  ansible.builtin.debug:
    msg: "{{ item.home }}: {{ item.status }}, {{ item.plan | map(attribute='package') | join(', ') }}"
  loop: "{{ drift.runtimes }}"
  loop_control:
    label: "{{ item.home }}"

- name: Install exactly what a lock says
  mlfleet.packages.python_packages:
    instances:
      - SQL01
    lock: files/pylock.sql2019.toml
    wheelhouse: files/wheelhouse

- name: Allow pandas to change, which is protected
  mlfleet.packages.python_packages:
    instances:
      - SQL01
    wheelhouse: files/wheelhouse
    packages:
      - pandas==1.3.5
    allow_protected:
      - pandas
      - numpy

- name: Let hosts with an index of their own and a modern pip choose and download for themselves
  mlfleet.packages.python_packages:
    instances: all
    source: host
    packages:
      - click>=7,<8

- name: Keep each host as the inventory declares it
  mlfleet.packages.python_packages:
    from_inventory: true

- name: One wheel that lies on the host already, and one from a web server
  mlfleet.packages.python_packages:
    instances: all
    packages:
      - host_wheel: C:\Downloads\demo-1.0-py3-none-any.whl
      - url: https://wheels.example.com/other-2.0-py3-none-any.whl
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

- name: Keep a virtual environment on Linux free of everything else
  mlfleet.packages.python_packages:
    runtime: /srv/environments/report
    requirements:
      - files/requirements.txt
    wheelhouse: files/wheelhouse
    mode: exact
"""

RETURN = r"""
format:
  description: Version of this structure.
  type: int
  returned: success
  sample: 1
instances:
  description: The instances, each with the runtime that it uses.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the instance.
      type: str
      sample: SQL01
    runtime:
      description: Home of its runtime.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES
    status:
      description: As in RV(runtimes[].status).
      type: str
      sample: compliant
runtimes:
  description: The runtimes, each once, also where several instances use it.
  type: list
  elements: dict
  returned: success
  contains:
    home:
      description: Home of the runtime.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES
    instances:
      description: Names of the instances that use it.
      type: list
      elements: str
      sample: [SQL01]
    status:
      description: >-
        V(compliant) if it is as declared, V(drifted) if it is not (check mode), V(changed) if it was not and now is,
        V(refused) if the plan is forbidden, V(failed) if the change went wrong.
      type: str
      sample: drifted
    changed:
      description: Whether the runtime was changed, or would be.
      type: bool
      sample: true
    plan:
      description: The actions, in their order.
      type: list
      elements: dict
      contains:
        action:
          description: One of V(install), V(upgrade), V(downgrade), V(reinstall) and V(remove).
          type: str
          sample: upgrade
        package:
          description: Name of the package, normalised.
          type: str
          sample: scikit-learn
        from:
          description: The installed version, null if there is none.
          type: str
          sample: 0.22.1
        to:
          description: The version afterwards, null if there is none.
          type: str
          sample: 0.24.2
        reason:
          description: Why.
          type: str
          sample: declared ==0.24.*, installed 0.22.1
        wheel:
          description: The file that it is installed from, null for a removal.
          type: str
          sample: scikit_learn-0.24.2-cp37-cp37m-win_amd64.whl
    drift:
      description: The differences between declaration and runtime.
      type: list
      elements: dict
      contains:
        package:
          description: Name of the package, normalised.
          type: str
          sample: scikit-learn
        kind:
          description: >-
            V(missing), V(extra), V(version), V(tampered) (files differ from their record), V(protected) (it would have
            to change and must not), or V(broken) (an installed package has a need that is not met, declared or not).
          type: str
          sample: version
        have:
          description: The installed version, null if there is none.
          type: str
          sample: 0.22.1
        want:
          description: The version that there should be, null if there should be none.
          type: str
          sample: 0.24.2
        why:
          description: Why.
          type: str
          sample: declared ==0.24.*, installed 0.22.1
    problems:
      description: What forbids the plan. Nothing is changed on any runtime of the host if there is a problem with one.
      type: list
      elements: dict
      contains:
        kind:
          description: >-
            V(protected), V(breaks), V(unsatisfiable), V(disagreement), V(duplicate), V(unrecorded), V(no-wheel),
            V(hash), V(no-pip), V(not-writable), V(interrupted) or V(space).
          type: str
          sample: protected
        package:
          description: Name of the package, null if it is about the whole runtime.
          type: str
          sample: numpy
        detail:
          description: One sentence.
          type: str
          sample: numpy would go from 1.15.4 to 1.21.6 (...), and it is protected ...
    notes:
      description: What is worth knowing and forbids nothing, such as needs that follow no standard.
      type: list
      elements: str
      sample: []
    pip:
      description: The end of what pip said, if a change went wrong.
      type: str
      returned: if pip failed
      sample: "ERROR: Could not install packages due to an OSError ..."
"""
