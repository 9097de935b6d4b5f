"""Law: the stream of blocks is the list of queries that LoadGen would materialise; an endless one begins with it."""

from __future__ import annotations

from hypothesis import given, settings
from naive_generation import generate
from plans import Plan, plans

from levelfield.terms import Profile


@given(plans())
@settings(max_examples=250, deadline=None)
def test_streaming_equals_materialising(plan: Plan) -> None:
    queries, duration_ns = generate(plan.effective, plan.loadable, plan.phase)
    made = plan.schedule()
    assert made.generated.query_count == len(queries)
    assert made.generated.duration_ns == duration_ns
    if plan.effective.profile is Profile.V6:
        assert made.generated.samples_per_query == made.samples_per_query
    streamed: list[tuple[int, list[int]]] = []
    for block in made.blocks(17):
        rows = block.indices.reshape(-1, made.samples_per_query).tolist()
        streamed += zip(block.scheduled_ns.tolist(), rows, strict=True)
        if len(streamed) >= len(queries):
            break
    assert streamed[: len(queries)] == queries
    assert len(streamed) == len(queries) or not made.finite
