"""Fetching CIFAR-10 with torchvision's downloader: only when asked for. The one file here that knows torchvision."""

from __future__ import annotations

from http.client import HTTPException
from pathlib import Path

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity, download_url

from repro.errors import mistake


def cifar10(folder: Path) -> Path:
    """Return the archive of CIFAR-10's authors in `folder`, fetched unless it is there whole; progress on stderr.

    A part of it, or anything else under its name, is fetched anew.

    Raises:
        ReproError: it could not be fetched, or what came is not what its checksum says.
    """
    path = folder / str(CIFAR10.filename)
    if path.exists() and not check_integrity(str(path), CIFAR10.tgz_md5):
        path.unlink()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        download_url(CIFAR10.url, folder, CIFAR10.filename, CIFAR10.tgz_md5)
    except (OSError, RuntimeError, HTTPException) as error:
        path.unlink(missing_ok=True)
        what = f"CIFAR-10 could not be downloaded from {CIFAR10.url}: {error}".splitlines()[0]
        hint = "try again, or fetch it elsewhere and bring it with --data cifar10=PATH"
        raise mistake("--data cifar10=download", what, hint=hint) from None
    return path
