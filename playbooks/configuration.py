"""The fix ``config-change`` made ready: its parameters held against each other before any host is touched."""

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from muster.errors import FixError
from muster.ports import PreparedFix
from playbooks.contract import FixSpec
from playbooks.scripted import ScriptedFix

NAME = "config-change"
LONGEST_HEALTH_S = 120


def prepare(spec: FixSpec, folder: Traversable, values: Mapping[str, str]) -> PreparedFix:
    """Make the fix ready.

    Raises:
        FixError: a parameter that its way needs is missing, or one cannot be meant so.
    """
    _check_path(values["path"])
    _check_way(values)
    _check_health(values)
    if values["mode"] and not re.fullmatch(r"0?[0-7]{3}", values["mode"]):
        raise _wrong("mode", f"{values['mode']!r} are no rights; write them like 0640")
    for name in ("key", "value", "separator", "marker", "comment", "section", "validate", "health_command"):
        if "\n" in values[name].strip() or "\0" in values[name]:
            raise _wrong(name, "is more than one line; give one")
    return _Titled(spec, folder, values)


class _Titled(ScriptedFix):
    """The general fix, with a title that names the file."""

    @property
    def title(self) -> str:
        """One line for people: what is set where."""
        what = f"{self.values['key']} in {self.values['path']}" if self.values["way"] == "key" else self.values["path"]
        return f"{self.spec.title}: {what}"


def _wrong(parameter: str, why: str) -> FixError:
    return FixError(f"{NAME}: parameters.{parameter}: {why}", hint="muster fix show config-change lists them all.")


def _check_path(path: str) -> None:
    if not path.startswith("/") or path.endswith("/") or ".." in PurePosixPath(path).parts:
        raise _wrong("path", f"{path!r} is no absolute path of a file, such as /etc/ssh/sshd_config")


def _check_way(values: Mapping[str, str]) -> None:
    way = values["way"]
    if way == "key":
        if not values["key"]:
            raise _wrong("key", "is missing: which key is set, when way is key?")
        if values["content"]:
            raise _wrong("content", "is for the ways file and block; way is key")
        return
    if not values["content"]:
        raise _wrong(
            "content", f"is missing: the file that holds {'the lines of the block' if way == 'block' else 'it'}"
        )
    if values["key"]:
        raise _wrong("key", f"is for the way key; way is {way}")
    if way == "block" and not values["marker"]:
        raise _wrong("marker", "is empty: a block needs a name to be found again")


def _check_health(values: Mapping[str, str]) -> None:
    port = values["health_tcp"].rpartition(":")[2]
    if values["health_tcp"] and not (port.isdigit() and 0 < int(port) < 65_536):
        raise _wrong("health_tcp", f"{values['health_tcp']!r} is no port; write 443 or HOST:443")
    if values["health_http"] and not re.match(r"https?://[^\s]+$", values["health_http"]):
        raise _wrong("health_http", f"{values['health_http']!r} is no address; write http://127.0.0.1/health")
    if not all(re.fullmatch(r"[1-5]\d\d", word) for word in values["health_status"].split()):
        raise _wrong("health_status", f"{values['health_status']!r} are no HTTP answers; write 200 204")
    if float(values["health_deadline_s"]) > LONGEST_HEALTH_S:
        raise _wrong("health_deadline_s", f"{values['health_deadline_s']} s is too long; {LONGEST_HEALTH_S} at most")
    if values["service"] and not re.fullmatch(r"[\w@.:-]+", values["service"]):
        raise _wrong("service", f"{values['service']!r} is no name of a service")
