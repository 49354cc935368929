"""Every pair of answers, rendered and held against every check."""

import matrix
import pytest
from checks import Answers, findings
from conftest import Render

COMBINATIONS = [combo for stack in matrix.STACKS for combo in matrix.combinations(stack)]


@pytest.mark.parametrize("answers", COMBINATIONS, ids=map(matrix.name, COMBINATIONS))
def test_output_is_sound(render: Render, answers: Answers) -> None:
    assert not findings(render(**answers), answers)
