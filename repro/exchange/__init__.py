"""Exchange: runs that leave a store, come into one, and are held against their checksums.

An export is a store in a file or folder of its own, with a list of its files and their checksums.
"""

from repro.exchange.archives import opened
from repro.exchange.export import Exported, export
from repro.exchange.loading import Loaded, load
from repro.exchange.merging import Merged, merge
from repro.exchange.verifying import Finding, verify

__all__ = ["Exported", "Finding", "Loaded", "Merged", "export", "load", "merge", "opened", "verify"]
