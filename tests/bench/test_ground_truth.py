import pytest
from ground_truth import exact


@pytest.mark.slow
@pytest.mark.parametrize("scenes", [200, 2000])
def test_reads_drawn_scenes_exactly(scenes: int) -> None:
    assert exact(scenes)["exact"] >= 0.995
