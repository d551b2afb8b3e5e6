"""One value of an Ansible Vault file: encrypted as a whole, or YAML with single ``!vault`` values in it.

``vault:FILE#KEY`` where ``KEY`` may lead into nested values with dots (``acme.password``). The vault's own password is
given by reference: ``vault:FILE#KEY?password=REFERENCE``, else by the setting ``vault_password``. Files are opened by
ansible-core's own code, so everything that ``ansible-vault`` writes can be read.
"""

from collections.abc import Callable
from pathlib import Path

import yaml

from muster.errors import SecretError

PASSWORD = "?password="  # noqa: S105 - what stands before the reference to it
EXAMPLE = "write vault:FILE#KEY, such as vault:secrets.yml#acme.password"


class _Sealed(str):
    """A ``!vault`` value as it stands in the file."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """YAML with ``!vault`` values."""


def _sealed(loader: yaml.SafeLoader, node: yaml.Node) -> _Sealed:
    return _Sealed(loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else "")


_Loader.add_constructor("!vault", _sealed)


def value_of(rest: str, *, folder: Path, default_password: str, text_of: Callable[[str], str]) -> str:
    """The text that the key names.

    Raises:
        SecretError: the file, the key or the password is not there, or the password does not open the file.
    """
    place, _, own_password = rest.partition(PASSWORD)
    name, mark, key = place.partition("#")
    if not (name and mark and key):
        raise SecretError(f"vault:{rest}: names no key", hint=EXAMPLE)
    vault = _Vault(f"vault:{rest}", own_password or default_password, text_of)
    content = vault.read(folder / Path(name).expanduser())
    found = _lookup(content, key)
    if isinstance(found, _Sealed):
        return vault.open(found.encode()).decode("utf-8", "replace").rstrip("\n")
    if isinstance(found, str | int | float) and not isinstance(found, bool):
        return str(found)
    raise SecretError(f"vault:{rest}: the file holds no text under {key}", hint=EXAMPLE)


class _Vault:
    """Opens what one password opens."""

    def __init__(self, origin: str, password: str, text_of: Callable[[str], str]) -> None:
        self._origin = origin
        self._password = password
        self._text_of = text_of

    def read(self, path: Path) -> object:
        """The content of a file, opened where it is sealed as a whole."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SecretError(
                f"{self._origin}: {path} cannot be read: {error.strerror}",
                hint="a relative path is taken from the workspace",
            ) from None
        if data.startswith(b"$ANSIBLE_VAULT;"):
            data = self.open(data)
        try:
            return yaml.load(data, Loader=_Loader)  # noqa: S506 - a SafeLoader that knows one tag more
        except yaml.YAMLError:
            raise SecretError(
                f"{self._origin}: {path} is not YAML", hint="one line for each secret: 'name: value'"
            ) from None

    def open(self, sealed: bytes) -> bytes:
        """The plain bytes of what was sealed."""
        if not self._password:
            raise SecretError(
                f"{self._origin}: nothing says where the vault's password is",
                hint="set vault_password in muster.yml, or write ?password=REFERENCE after the key",
            )
        from ansible.errors import AnsibleError  # type: ignore[import-untyped]  # ships no types
        from ansible.parsing.vault import VaultLib, VaultSecret  # type: ignore[import-untyped]  # ships no types

        secret = VaultSecret(self._text_of(self._password).encode())
        try:
            return bytes(VaultLib([("default", secret)]).decrypt(sealed.strip() + b"\n"))
        except AnsibleError:
            raise SecretError(
                f"{self._origin}: the vault's password ({self._password}) does not open it",
                hint="ansible-vault view FILE tells whether it is the right one",
            ) from None


def _lookup(content: object, key: str) -> object:
    """The value under a key: as it stands, else step by step along its dots."""
    if isinstance(content, dict) and key in content:
        return content[key]
    for part in key.split("."):
        if not isinstance(content, dict):
            return None
        content = content.get(part)
    return content
