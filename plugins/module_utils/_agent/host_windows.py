# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A Windows machine: its registry, its accounts, and how a program is started."""

import contextlib
import ntpath as paths
import os
import stat

try:
    import winreg
except ImportError:
    winreg = None  # Where there is no Windows, this module is imported by those who examine it, and not used.

ENVIRONMENT_KEY = "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
SYSTEM, ADMINISTRATORS, OWNER = "S-1-5-18", "S-1-5-32-544", "S-1-3-4"
# MAX_PATH, less the twelve characters that a folder keeps free for a file in it.
LONG_PATH = 248
PROFILES_KEY = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"


def registry_values(key):
    """The values of a key below HKLM as text, {} where there is no such key."""
    found = {}
    try:
        # A 32-bit interpreter would be shown WOW6432Node, where SQL Server writes nothing.
        handle = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
    except OSError:
        return found
    with handle:
        for index in range(winreg.QueryInfoKey(handle)[1]):
            name, value, _kind = winreg.EnumValue(handle, index)
            found[name] = str(value)
    return found


def registry_keys(key):
    """The names of the keys below a key of HKLM."""
    try:
        handle = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
    except OSError:
        return []
    with handle:
        return [winreg.EnumKey(handle, index) for index in range(winreg.QueryInfoKey(handle)[0])]


def expand(text):
    """A path of the registry with its %variables% replaced."""
    return winreg.ExpandEnvironmentStrings(text)


def homes():
    """The home folders of the accounts that ever logged on here."""
    profiles = [registry_values(PROFILES_KEY + "\\" + name) for name in registry_keys(PROFILES_KEY)]
    found = [expand(values["ProfileImagePath"]) for values in profiles if values.get("ProfileImagePath")]
    own = os.environ.get("USERPROFILE")
    if own and paths.normcase(own) not in [paths.normcase(home) for home in found]:
        found.append(own)
    return found


def machine_environment():
    """The variables that hold for every account; services see them too."""
    return {name.upper(): value for name, value in registry_values(ENVIRONMENT_KEY).items()}


def is_file(path):
    return os.path.isfile(path)


def folder_names(path):
    """The names in a folder, sorted; none where it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def read_text(path):
    """A small text file, or None. Setup and administrators write these in whatever encoding they like."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(65536)
    except OSError:
        return None
    if raw[:2] == b"\xff\xfe":
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def long_path(path):
    """A path without 8.3 names, as launcher configurations have them: C:\\PROGRA~1\\..."""
    import ctypes

    buffer = ctypes.create_unicode_buffer(1024)
    length = ctypes.windll.kernel32.GetLongPathNameW(path, buffer, len(buffer))
    return buffer.value if 0 < length < len(buffer) else path


def discover(places):
    """The instances and runtimes of this machine, and which of the places hold none."""
    from . import sql_server

    return sql_server.find(places)


def start(interpreter, arguments):
    """A child process of another runtime's interpreter, with pipes."""
    from subprocess import DEVNULL, PIPE, Popen

    return Popen([interpreter] + arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)


def free_bytes(folder):
    """What this account can still write on the volume of the folder."""
    from shutil import disk_usage

    return disk_usage(folder).free


def open_binary(path):
    """A file that the request names, for reading."""
    return open(reach(path), "rb")


def reach(path):
    """A path as the system calls want it: without the prefix, no more than 260 characters."""
    if len(path) < LONG_PATH or path.startswith("\\\\"):
        return path
    return "\\\\?\\" + paths.normpath(path)


def find_libraries():
    """Homes made by Anaconda keep those of ssl where only the PATH of an activated environment leads to."""
    import sys

    os.environ["PATH"] = paths.join(sys.prefix, "Library", "bin") + os.pathsep + os.environ.get("PATH", "")


def store_places():
    """Where the store can be."""
    return [expand("%ProgramData%\\mlfleet\\store")]


def keep_from_others(folder):
    """Leaves a new folder to SYSTEM, administrators and its owner: ProgramData lets all users create files below it."""
    from subprocess import DEVNULL, call

    rights = ["*%s:(OI)(CI)F" % account for account in (SYSTEM, ADMINISTRATORS, OWNER)]
    icacls = expand("%SystemRoot%\\System32\\icacls.exe")
    command = [icacls, folder, "/inheritance:r", "/grant:r"] + rights
    if call(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL) != 0:
        raise OSError("icacls does not take the right to write there from other users")


def is_real_folder(path):
    """Whether it is a folder, and neither a link nor a junction to one, which old Pythons take for the folder."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and not found.st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT


def same_owner(one, other):
    """Whether two folders belong to the same account."""
    import ctypes

    library = ctypes.WinDLL("advapi32")
    library.EqualSid.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    with _owner(one) as first, _owner(other) as second:
        return bool(library.EqualSid(first, second))


@contextlib.contextmanager
def _owner(path):
    """The SID of whom a file belongs to, see GetNamedSecurityInfo."""
    import ctypes

    file_object, owner_security_information = 1, 1
    sid, described = ctypes.c_void_p(), ctypes.c_void_p()
    into = [ctypes.byref(sid), None, None, None, ctypes.byref(described)]
    library = ctypes.WinDLL("advapi32")
    if library.GetNamedSecurityInfoW(ctypes.c_wchar_p(path), file_object, owner_security_information, *into) != 0:
        raise OSError("the owner of %s cannot be found out" % path)
    try:
        yield sid
    finally:
        free = ctypes.WinDLL("kernel32").LocalFree
        free.argtypes = [ctypes.c_void_p]
        free(described)


def same_file(one, other):
    """Whether two paths name one interpreter, whatever their spelling."""
    return paths.normcase(paths.normpath(one)) == paths.normcase(paths.normpath(other))
