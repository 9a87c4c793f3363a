"""The results that the report's tests share."""

import pytest
from tests.report.results_tree import ODD, SUBJECTS, Results, make_settings


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two relations, two prompts (one with odd characters) and two videos each. Read only."""
    settings = make_settings(subjects=(SUBJECTS[0], ("panda", ODD)))
    return Results(tmp_path_factory.mktemp("results"), settings).write()
