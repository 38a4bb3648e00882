"""A user's own code: read without being executed (what it defines and imports, its identity), and imported."""

from repro.source_code.command_files import files_of_command, is_environment, is_path
from repro.source_code.identity import HASHED, INSTALLED, Code, code_of, digest_of, signature_of
from repro.source_code.importing import import_module
from repro.source_code.modules import Signature
from repro.source_code.packages import versions_of

__all__ = [
    "HASHED",
    "INSTALLED",
    "Code",
    "Signature",
    "code_of",
    "digest_of",
    "files_of_command",
    "import_module",
    "is_environment",
    "is_path",
    "signature_of",
    "versions_of",
]
