"""Any text in a table: nothing in it is a command of the format that it stands in."""

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "†": r"\dag{}",
    "–": "--", "−": "$-$", "λ": r"$\lambda$", "₁": "$_1$",
}  # fmt: skip
"""What LaTeX would read as something else."""


def latex_text(text: str) -> str:
    """A text that LaTeX shows as it is."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def markdown_cell(text: str) -> str:
    """A text as a cell of a Markdown table; what HTML would be stays text."""
    shown = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(shown.split())
