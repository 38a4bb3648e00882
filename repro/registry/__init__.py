"""Names → code, lazily. Listing and planning read the tables; only `load` imports anything."""

from repro.registry.known import NOT_IMPLEMENTED, DataRef, DatasetEntry, Registered
from repro.registry.loading import load
from repro.registry.names import Names, find_dataset, find_formula, find_model, find_probe
from repro.registry.published import DATASETS, FORMULAS, MODELS, PROBES, stands_in

__all__ = [
    "DATASETS",
    "FORMULAS",
    "MODELS",
    "NOT_IMPLEMENTED",
    "PROBES",
    "DataRef",
    "DatasetEntry",
    "Names",
    "Registered",
    "find_dataset",
    "find_formula",
    "find_model",
    "find_probe",
    "load",
    "stands_in",
]
