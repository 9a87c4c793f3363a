"""`dreamrelation study invite`: more raters."""

from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import INVITATIONS_FILE, open_study
from dreamrelation.study.invitations import add_invitations


def run(*, study: Path, raters: int) -> None:
    """Add raters to the study's list of invitations. Raises UserError where there is no study, or nobody to invite."""
    if not 1 <= raters <= 10_000:
        raise UserError(f"--raters is {raters}, expected 1 to 10000")
    found = open_study(study)
    open_database(found.votes, found.fingerprint)
    added = add_invitations(study, raters)
    print(f"{study / INVITATIONS_FILE}: raters {added[0].rater} to {added[-1].rater} added")
