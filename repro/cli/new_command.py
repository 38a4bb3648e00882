"""`repro new`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from repro.claims.json_schema import file_schema
from repro.errors import mistake
from repro.experiment.request import typed
from repro.startup.shipped import folder
from repro.store.files import write_text


@click.command("new")
@click.argument("claim_id", metavar="PAPER/CLAIM")
@click.option(
    "--claims",
    "claims_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("claims"),
    show_default=True,
    help="Folder of claims to write into.",
)
def command(claim_id: str, claims_dir: Path) -> None:
    """Write a claim file to start from: it runs in seconds once its TODOs are written.

    Existing claims are never overwritten. JSON Schemas for editors lie beside, and are written anew; the first line of
    a claim file names its own.

    \b
    Examples:
      repro new lecun1998/tanh-scaling
      repro new mypaper/wider-is-better --claims my-claims
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*", claim_id):
        raise mistake(
            "PAPER/CLAIM",
            "is a paper and a claim, each in lower-case letters, digits and dashes",
            claim_id,
            "such as lecun1998/tanh",
        )
    paper_id, name = claim_id.split("/")
    target = claims_dir / paper_id / f"{name}.toml"
    if target.exists():
        raise mistake(str(target), "exists already", hint="choose another name, or edit it")
    paper = target.with_name("paper.toml")
    try:
        if not paper.exists():
            text = (folder("templates") / "paper.toml").read_text(encoding="utf-8")
            write_text(paper, text.replace("PAPER", paper_id))
            click.echo(f"wrote {paper}")
        for kind in ("claim", "paper"):
            schema = json.dumps(file_schema(kind), indent=1, ensure_ascii=False)
            write_text(claims_dir / f"{kind}.schema.json", f"{schema}\n")
        write_text(target, (folder("templates") / "claim.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise mistake(
            str(target), f"cannot be written: {error.strerror}", hint="choose a folder with --claims"
        ) from None
    click.echo(f"wrote {target}")
    click.echo(
        f"\nWrite what says TODO, then:\n  repro lint {typed(str(claims_dir))}\n"
        f"  repro check {claim_id} --claims {typed(str(claims_dir))}"
    )
