"""The data sets of a worker's runs, each loaded once, whichever of its threads wants it first."""

from __future__ import annotations

import threading
from pathlib import Path

from repro.datasets import ImageData, ImageFiles, load_dataset
from repro.registry import DataRef
from repro.spec import RunSpec


class Datasets:
    """What has been loaded, and where a user's data lies.

    Args:
        claims_folder: where a user's own code is looked for.
    """

    def __init__(self, claims_folder: Path) -> None:
        self._claims_folder = claims_folder
        self._sources: dict[tuple[str, str], DataRef] = {}
        self._loaded: dict[tuple[str, str, str], ImageData | ImageFiles] = {}
        self._loading = threading.Lock()

    def lies_at(self, spec: RunSpec, source: DataRef) -> None:
        """Note where the data of a run lies."""
        self._sources[spec.dataset.identity] = source

    def of_run(self, spec: RunSpec) -> ImageData | ImageFiles:
        """Return the data of a run.

        Raises:
            ChangedDataError: it is not what it was when its job was planned.
        """
        identity, as_files = spec.dataset.identity, spec.recipe.crop_size is not None
        own = *identity, str(sorted(spec.dataset.options.items()))
        with self._loading:
            if own not in self._loaded:
                source = self._sources.get(identity)
                self._loaded[own] = load_dataset(spec.dataset, source, self._claims_folder, as_files=as_files)
            return self._loaded[own]
