"""Commands of the desk: a living demo, and the sample drawings."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.core.cli import print_json

#: The sample that stands on the homepage.
HOMEPAGE = "A-201"


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def demo(*, as_json: bool) -> None:
    """Make a company with drawings, staff and waiting applications; running it again prints the same sign-ins."""
    from portal.desk.demo import make_demo  # noqa: PLC0415 - drawing needs ezdxf, half a second in every process that never draws

    document = make_demo()
    if as_json:
        print_json(document)
        return
    click.echo(f"주소: {document['address']}")
    for row in document["sign_ins"]:
        click.echo(
            f"{row['who']}: {row['email']} / {row['password']}"
            + (f" / 인증 앱 열쇠 {row['secret']}" if row["secret"] else "")
        )


@click.command("samples")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--homepage", is_flag=True, help="Render the homepage's drawing into static/home instead.")
@with_appcontext
def samples(folder: Path | None, *, homepage: bool) -> None:
    """Write the sample drawings as DXF into FOLDER."""
    from portal.desk.samples import make_samples  # noqa: PLC0415 - see demo
    from portal.rendering import render  # noqa: PLC0415

    if not homepage:
        for _sample, path in make_samples(folder or Path("samples")):
            click.echo(path)
        return
    target = Path(current_app.static_folder or "", "home")
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        source = next(path for sample, path in make_samples(room) if sample.number == HOMEPAGE)
        drawn = render(source, room / "out")
        if drawn.outcome != "drawn":
            raise click.ClickException(drawn.message or drawn.reason)
        sheet = drawn.sheets[0]
        shutil.copyfile(room / "out" / sheet.svg, target / "plan.svg")
        layers = [
            {
                "index": int(layer.css.removeprefix("l-")),
                "name": layer.name,
                "colour": layer.colour,
                "on": layer.on,
                "objects": layer.objects,
            }
            for layer in sheet.layers
            if layer.objects
        ]
        shown = {
            "name": sheet.name,
            "svg": "plan.svg",
            "extents": sheet.extents,
            "units": sheet.units,
            "note": "",
            "layers": layers,
        }
        (target / "plan.json").write_text(
            json.dumps({"renderer": drawn.renderer, "sheets": [shown]}, ensure_ascii=False, indent=1) + "\n",
            encoding="utf-8",
        )
    click.echo(target / "plan.svg")
