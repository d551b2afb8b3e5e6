"""WS-Management messages as a Windows host reads and writes them (MS-WSMV), for the endpoint of the tests.

Fault codes and their wording are those that real hosts were seen to send; see the table in ``docs/winrm.md``.
"""

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
SHELL_URI = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"

FAULT_OPERATION_TIMEOUT = 2150858793
FAULT_SHELL_NOT_FOUND = 2150858843
FAULT_MAX_SHELLS = 2150859173
FAULT_MAX_OPERATIONS = 2150859174


class BadRequest(Exception):
    """The message is not one that a Windows host would take."""


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a client.

    Attributes:
        action: the last part of the action's address: Create, Command, Send, Receive, Signal, Delete or Identify.
        operation_timeout_s: how long the client lets the host think.
        streams: what was sent to standard input, in order; ``ended`` says that no more will come.
    """

    action: str
    message_id: str = ""
    operation_timeout_s: float = 60.0
    shell_id: str = ""
    command_id: str = ""
    line: str = ""
    idle_timeout_s: float = 7200.0
    options: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    streams: bytes = b""
    ended: bool = False


def read_request(body: bytes) -> Request:
    """Read a client's message.

    Raises:
        BadRequest: it is no envelope, or has no action.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - the tests' own clients write it
    except ET.ParseError as error:
        raise BadRequest(str(error)) from None
    if any(node.tag.endswith("}Identify") for node in root.iter()):
        return Request("Identify")
    action = root.findtext(f".//{ADDRESSING}Action")
    if not action:
        raise BadRequest("no action")
    return Request(
        action=action.rsplit("/", 1)[-1],
        message_id=root.findtext(f".//{ADDRESSING}MessageID") or "",
        operation_timeout_s=_seconds(root.findtext(f".//{WSMAN}OperationTimeout"), 60.0),
        shell_id=root.findtext(f".//{WSMAN}Selector[@Name='ShellId']") or "",
        command_id=_command_id(root),
        line=_line(root),
        idle_timeout_s=_seconds(root.findtext(f".//{SHELL}IdleTimeOut"), 7200.0),
        options=_named(root, f"{WSMAN}Option"),
        environment=_named(root, f"{SHELL}Variable"),
        streams=b"".join(base64.b64decode(node.text or "") for node in root.iter(f"{SHELL}Stream")),
        ended=any(node.get("End", "").lower() == "true" for node in root.iter(f"{SHELL}Stream")),
    )


def _named(root: ET.Element, tag: str) -> dict[str, str]:
    return {node.get("Name", ""): node.text or "" for node in root.iter(tag)}


def _line(root: ET.Element) -> str:
    command = root.findtext(f".//{SHELL}Command") or ""
    return " ".join([command, *(node.text or "" for node in root.iter(f"{SHELL}Arguments"))]).strip()


def _command_id(root: ET.Element) -> str:
    for node in root.iter():
        if node.tag.startswith(SHELL) and (found := node.get("CommandId")):
            return found
    return ""


def _seconds(duration: str | None, default: float) -> float:
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration or "")
    if not match or not any(match.groups()):
        return default
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


_ENVELOPE = (
    '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">'
    "<s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{own}</a:MessageID>"
    "<a:RelatesTo>{relates}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)


def reply(request: Request, body: str) -> bytes:
    """An answer to ``request`` around ``body``."""
    action = f"{SHELL_URI}/{request.action}Response"
    return _ENVELOPE.format(
        action=action, own=str(uuid.uuid4()).upper(), relates=escape(request.message_id), body=body
    ).encode()


def created(request: Request, shell_id: str) -> bytes:
    """The answer to Create."""
    return reply(
        request,
        "<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector>'
        "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>",
    )


def commanded(request: Request, command_id: str) -> bytes:
    """The answer to Command."""
    return reply(request, f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>")


def received(request: Request, stdout: bytes, stderr: bytes, exit_code: int | None) -> bytes:
    """The answer to Receive: some output, and the exit code once the command has ended."""
    command = f'CommandId="{request.command_id}"'
    parts = [
        f'<rsp:Stream Name="{name}" {command}>{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in (("stdout", stdout), ("stderr", stderr))
        if data
    ]
    if exit_code is None:
        parts.append(f'<rsp:CommandState {command} State="{SHELL_URI}/CommandState/Running"/>')
    else:
        parts += [f'<rsp:Stream Name="{name}" {command} End="true"></rsp:Stream>' for name in ("stdout", "stderr")]
        parts.append(
            f'<rsp:CommandState {command} State="{SHELL_URI}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    return reply(request, f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>")


def identified(product: str = "Microsoft Corporation", version: str = "OS: 10.0.17763 SP: 0.0 Stack: 3.0") -> bytes:
    """The answer to Identify."""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
        '<wsmid:IdentifyResponse xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
        "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
        f"<wsmid:ProductVendor>{product}</wsmid:ProductVendor><wsmid:ProductVersion>{version}</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


class WsmanFault(Exception):
    """The host says no in WS-Management's words; sent with HTTP 500."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason

    def body(self, request: Request) -> bytes:
        """The fault as an envelope."""
        return reply(
            request,
            f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>"
            f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(self.reason)} </s:Text></s:Reason><s:Detail>'
            f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{self.code}" '
            f'Machine="127.0.0.1"><f:Message>{escape(self.reason)} </f:Message></f:WSManFault></s:Detail></s:Fault>',
        )


def operation_timed_out() -> WsmanFault:
    """Nothing to say within the client's operation time-out; the client asks again."""
    return WsmanFault(
        FAULT_OPERATION_TIMEOUT,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
    )


def shell_not_found(shell_id: str) -> WsmanFault:
    """No such shell (any more)."""
    return WsmanFault(
        FAULT_SHELL_NOT_FOUND,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation.",
    )


def quota_reached(what: str, limit: int) -> WsmanFault:
    """A quota of the user; ``what`` is ``shells`` or ``operations``."""
    code = FAULT_MAX_SHELLS if what == "shells" else FAULT_MAX_OPERATIONS
    return WsmanFault(
        code,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} "
        f"concurrent {what}, which has been exceeded. Close existing {what} for this user, or raise the quota for "
        "this user.",
    )
