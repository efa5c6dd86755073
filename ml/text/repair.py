"""Show what the repair does to a text file: `python -m ml.text.repair FILE…`.

Here: the command and the form of its answer. The repair itself is `ml.text.normalize`.
"""

from __future__ import annotations

from pathlib import Path

import click

from ml.text.normalize import REPAIR_CLASSES, Repair, repair

LABELS = {
    "pinyin": "pinyin debris removed",
    "traditional": "places in traditional script",
    "full_width": "full-width letters and digits",
    "emoji": "emoji as words",
    "mojibake": "damaged places left as they are",
    "repaired_mojibake": "misread lines given back",
}
_CONTEXT = 6


def undo(result: Repair) -> str:
    """Return the text the edits came from; equal to `result.source` if nothing but the edits was changed."""
    parts: list[str] = []
    place, done = 0, 0
    for edit in result.edits:
        kept = edit.start - done
        parts += (result.text[place : place + kept], result.source[edit.start : edit.end])
        place += kept + len(edit.replacement)
        done = edit.end
    return "".join([*parts, result.text[place:]])


def describe(result: Repair, *, diff: bool = False) -> list[str]:
    """Return the lines of the answer: a count per class and, if asked for, one line per change."""
    lines = [f"{LABELS[kind]:34} {result.counts.get(kind, 0):6}" for kind in REPAIR_CLASSES]
    lines.append(
        f"{'changed beyond these edits':34} {'nothing' if undo(result) == result.source else 'YES':>6}"
    )
    for edit in result.edits if diff else ():
        before = result.source[max(0, edit.start - _CONTEXT) : edit.start].replace("\n", "⏎")
        gone = result.source[edit.start : edit.end]
        lines.append(f"{edit.start:8} {edit.kind:12} …{before}[-{gone}-]{{+{edit.replacement}+}}")
    return lines


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--diff", is_flag=True, help="Print every change with its place.")
@click.option("--text", "print_text", is_flag=True, help="Print the repaired text alone.")
def main(files: tuple[Path, ...], diff: bool, print_text: bool) -> None:
    """Count (and with --diff show) what the repair changes in UTF-8 text files."""
    for path in files:
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{path}: cannot be read as UTF-8 text ({error})") from error
        result = repair(text)
        if print_text:
            click.echo(result.text, nl=False)
            continue
        click.echo("\n".join([f"{path.name}", *describe(result, diff=diff)]))


if __name__ == "__main__":
    main()
