"""Pages as PDF: by WeasyPrint, or by Chromium's print where WeasyPrint's system library (Pango) is missing."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from muster.errors import MusterError

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINT_TIMEOUT_S = 120.0

Printer = Callable[[str], bytes]


def pdf_of(html: str) -> bytes:
    """A page that fetches nothing, as PDF.

    Raises:
        MusterError: neither of the two printers is to be had, or the one that is failed.
    """
    return printer()(html)


def printer() -> Printer:
    """What makes PDF here.

    Raises:
        MusterError: there is none.
    """
    try:
        with warnings.catch_warnings():  # WeasyPrint says which system library a later version will want
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint
    except OSError:  # its system library is not there
        browser = next((found for name in CHROMIUMS if (found := shutil.which(name))), None)
        if browser is None:
            raise MusterError(
                "PDF cannot be made: neither the library Pango nor Chromium is installed",
                hint="apt install libpango-1.0-0 libpangoft2-1.0-0 (or chromium), or ask for HTML",
            ) from None
        return lambda html: chromium_pdf(html, browser)
    del weasyprint
    return weasy_pdf


def weasy_pdf(html: str) -> bytes:
    """By WeasyPrint; nothing is fetched from anywhere."""
    import weasyprint

    made = weasyprint.HTML(string=html, url_fetcher=_refuse).write_pdf()
    if not isinstance(made, bytes):
        raise TypeError("WeasyPrint gave no bytes")
    return made


def chromium_pdf(html: str, browser: str) -> bytes:
    """By Chromium, with a profile that is thrown away.

    Raises:
        MusterError: it failed, or took longer than ``PRINT_TIMEOUT_S``.
    """
    with tempfile.TemporaryDirectory(prefix="muster-print-") as name:
        folder = Path(name)
        page, made = folder / "page.html", folder / "page.pdf"
        page.write_text(html, encoding="utf-8")
        # Chromium's sandbox refuses root; the page is our own and holds no script
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        options = (
            "--headless", *root, "--disable-gpu", "--disable-background-networking", "--no-first-run",
            "--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={made}",
        )  # fmt: skip
        try:
            done = subprocess.run(
                [browser, *options, page.as_uri()], capture_output=True, timeout=PRINT_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise MusterError(f"{browser} printed nothing within {PRINT_TIMEOUT_S:g} s") from None
        if not made.exists():
            raise MusterError(f"{browser} made no PDF (exit code {done.returncode})", hint="ask for HTML instead")
        return made.read_bytes()


def _refuse(url: str, *_args: object, **_options: object) -> dict[str, object]:
    raise ValueError(f"a page of Muster fetches nothing, not even {url}")
