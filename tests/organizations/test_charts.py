"""Plots as data: axes that people can read, lines with gaps, bars with a rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.web.views.charts import (
    AXIS_INTERVALS,
    LineChart,
    Series,
    StackedColumnChart,
    axis_ticks,
    build_bars,
)


@pytest.mark.parametrize(
    ("highest", "least", "expected"),
    [
        (0, 1, [0, 1]),
        (3, 1, [0, 1, 2, 3]),
        (7, 1, [0, 2, 4, 6, 8]),
        (1_000_000, 1, [0, 250_000, 500_000, 750_000, 1_000_000]),
        (0.9, 0, [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_an_axis_counts_as_people_do(highest, least, expected):
    assert axis_ticks(highest, least=least) == pytest.approx(expected)


@given(st.floats(0, 1e9), st.sampled_from([0, 1]))
def test_an_axis_holds_its_values_with_few_ticks(highest, least):
    found = axis_ticks(highest, least=least)
    assert found[0] == 0
    assert found[-1] >= highest * 0.999
    assert 2 <= len(found) <= AXIS_INTERVALS + 2


def test_a_line_is_broken_where_nothing_is_known():
    plot = LineChart(
        "x", "X", list("abcd"), [Series("n", [0, 4, None, 2])], least=1, is_filled=True
    )
    [(tone, line, alone, area)] = plot.paths
    assert (tone, line, alone) == ("accent", "M125 100L375 0M875 50h.01", "M875 50h.01")
    assert area.startswith("M125 100L375 0L375 100H125Z")
    assert plot.rows[1] == ("c", ["–"])
    assert plot.slots[3] == ("750", "250", "d: 2 n")


def test_columns_stand_on_each_other():
    plot = StackedColumnChart(
        "x", "X", ["a"], [Series("good", [3]), Series("bad", [1], "bad")], least=1
    )
    assert plot.axis[0] == "4"
    assert [(tone, y, tall) for tone, _x, y, _wide, tall in plot.boxes] == [
        ("accent", "25", "75"),
        ("bad", "0", "25"),
    ]


def test_the_rest_of_the_bars_is_one():
    made = build_bars([(str(n), n, "") for n in range(1, 12)], others="others")
    assert [bar.count for bar in made] == [11, 10, 9, 8, 7, 6, 5, 4, 6]
    assert made[-1].label == "others"
    assert made[0].share == "100"


def test_nothing_is_empty_and_draws_no_axis_of_zero_height():
    plot = LineChart("x", "X", ["a"], [Series("n", [None])])
    assert plot.is_empty
    assert plot.paths == [("accent", "", "", "")]
