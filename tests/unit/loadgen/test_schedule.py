from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from levelfield.errors import SettingsError
from levelfield.loadgen.schedule import AccuracySampler, LoadableSet, Schedule, loadable_sets, schedule
from levelfield.loadgen.settings import (
    EffectiveSettings,
    Load,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    derive,
)
from levelfield.terms import DrawVariant, Mode, Profile

CLASSIC, LEMIRE = DrawVariant.CLASSIC, DrawVariant.LEMIRE
OFFICIAL = Seeds(qsl=6655344265603136530, sample_index=15863379492028895792, schedule=12662793979680847247)
V2_0 = Settings(profile=Profile.V2_0, seeds=OFFICIAL, min_duration_ms=600_000, min_query_count=1024)
V6 = replace(V2_0, profile=Profile.V6)
SINGLE, MULTI, SERVER, OFFLINE = SingleStream(), MultiStream(), Server(target_qps=1_000.0), Offline(expected_qps=1.0)


def effective_of(settings: Settings, total: int, performance: int) -> EffectiveSettings:
    return derive(settings, total_sample_count=total, performance_sample_count=performance)


def made(
    settings: Settings, total: int, performance: int, phase: Mode = Mode.PERFORMANCE
) -> tuple[LoadableSet, Schedule]:
    effective = effective_of(settings, total, performance)
    loadable = loadable_sets(effective, phase)[0]
    return loadable, schedule(effective, loadable, phase)


def first_indices(settings: Settings, total: int, performance: int, phase: Mode = Mode.PERFORMANCE) -> list[int]:
    return next(made(settings, total, performance, phase)[1].blocks(20)).indices.tolist()


def places(indices: list[int], loadable: LoadableSet) -> list[int]:
    place_by_index = {index: place for place, index in reversed(list(enumerate(loadable.indices.tolist())))}
    return [place_by_index[index] for index in indices]


class TestLoadableSets:
    @pytest.mark.parametrize(
        ("total", "performance", "variant", "start"),
        [
            (50_000, 1024, CLASSIC, [24564, 23242, 39677, 8858, 38319, 13405, 12397, 35389, 5032, 39277]),
            (50_000, 1024, LEMIRE, [24526, 23222, 14744, 29573, 27478, 336, 15673, 45457, 5030, 48768]),
            (5_000, 64, CLASSIC, [3052, 2179, 4195, 2343, 4768, 361, 1844, 1381, 1769, 2415]),
            (5_000, 64, LEMIRE, [3050, 2093, 638, 4365, 4768, 336, 1842, 32, 1399, 1356]),
            (5_000, 256, CLASSIC, [3052, 2179, 4195, 2343, 4768, 361, 1844, 1381, 1769, 2415]),
            (5_000, 256, LEMIRE, [3050, 2093, 638, 4365, 4768, 336, 1842, 32, 1399, 1356]),
            (2_513, 2_513, CLASSIC, [1807, 2088, 1160, 2434, 267, 337, 1845, 142, 289, 1574]),
            (2_513, 2_513, LEMIRE, [1807, 71, 1604, 1937, 267, 2400, 1845, 142, 1470, 1966]),
            (10_833, 10_833, CLASSIC, [6457, 6141, 1160, 10110, 4769, 337, 10610, 4248, 5650, 6317]),
            (10_833, 10_833, LEMIRE, [6584, 6143, 1604, 8845, 4769, 2400, 8087, 6392, 5031, 6319]),
            (330_067, 204_800, CLASSIC, [245427, 324745, 163991, 225239, 150424, 228673, 298841, 98839, 320711]),
            (330_067, 204_800, LEMIRE, [245424, 324742, 163988, 225236, 150422, 228670, 298838, 98838, 320708]),
            (42, 42, CLASSIC, [24, 20, 30, 26, 41, 14, 1, 32, 15, 16]),
            (42, 42, LEMIRE, [24, 20, 30, 26, 41, 14, 1, 32, 15, 16]),
            (1024, 1024, CLASSIC, [285, 323, 638, 52, 266, 361, 858, 32, 341, 45]),
            (1024, 1024, LEMIRE, [323, 70, 638, 847, 266, 336, 858, 32, 341, 45]),
            (100, 10, CLASSIC, [62, 70, 96, 52, 90, 14, 1, 32, 77, 45]),
            (100, 10, LEMIRE, [62, 70, 96, 52, 90, 14, 1, 32, 77, 45]),
        ],
    )
    def test_performance_set_of_profile_v2_0(
        self, total: int, performance: int, variant: DrawVariant, start: list[int]
    ) -> None:
        sets = loadable_sets(effective_of(replace(V2_0, draw_variant=variant), total, performance), Mode.PERFORMANCE)
        assert sets[0].indices[: len(start)].tolist() == start
        assert [len(one.indices) for one in sets[:-1]] == [performance] * (len(sets) - 1)
        assert sum(one.unpadded_count for one in sets) == total

    @pytest.mark.parametrize("total", [1024, 50_000])
    def test_performance_set_of_profile_v6_is_drawn_from_the_first_items(self, total: int) -> None:
        (only,) = loadable_sets(effective_of(V6, total, 1024), Mode.PERFORMANCE)
        assert only.indices[:10].tolist() == [323, 70, 638, 847, 266, 336, 858, 32, 341, 45]
        assert sorted(only.indices.tolist()) == list(range(1024))

    def test_accuracy_sets_of_profile_v6_have_the_accuracy_sample_count(self) -> None:
        settings = replace(V6, accuracy_sample_count_override=25)
        sets = loadable_sets(effective_of(settings, 100, 10), Mode.ACCURACY)
        assert [one.unpadded_count for one in sets] == [10, 10, 5]
        assert sorted(index for one in sets for index in one.indices.tolist()) == list(range(25))

    def test_multistream_pads_with_the_first_entries(self) -> None:
        sets = loadable_sets(effective_of(replace(V2_0, load=MULTI), 100, 10), Mode.PERFORMANCE)
        assert sets[0].unpadded_count == 10
        assert sets[0].indices.tolist() == [62, 70, 96, 52, 90, 14, 1, 32, 77, 45, 62, 70, 96, 52, 90, 14, 1]

    def test_multistream_pads_cyclically(self) -> None:
        settings = replace(V2_0, load=replace(MULTI, samples_per_query=6))
        (only,) = loadable_sets(effective_of(settings, 2, 2), Mode.PERFORMANCE)
        first, second = only.indices[:2].tolist()
        assert only.indices.tolist() == [first, second, first, second, first, second, first]

    def test_sets_cannot_be_written_to(self) -> None:
        (only,) = loadable_sets(effective_of(V6, 10, 10), Mode.PERFORMANCE)
        with pytest.raises(ValueError, match="read-only"):
            only.indices[0] = 1


class TestSampleOrder:
    @pytest.mark.parametrize(
        ("load", "total", "performance", "minimum", "variant", "start"),
        [
            (
                SINGLE, 50_000, 1024, 1024, CLASSIC,
                [28990, 3194, 44526, 6422, 20936, 1231, 5207, 28755, 48074, 48768],
            ),
            (
                SINGLE, 50_000, 1024, 1024, LEMIRE,
                [18115, 22433, 14745, 38977, 42498, 31414, 35178, 25717, 26669, 37309],
            ),
            (
                SERVER, 50_000, 1024, 270_336, CLASSIC,
                [6922, 176, 38629, 37729, 7969, 44673, 25404, 3336, 30962, 34173],
            ),
            (
                SERVER, 50_000, 1024, 270_336, LEMIRE,
                [42149, 13713, 14431, 10701, 1802, 27824, 23565, 24105, 35892, 2526],
            ),
            (SINGLE, 10_833, 10_833, 1024, CLASSIC, [10724, 3550, 3506, 4580, 575, 3588, 8863, 7353, 10614, 3368]),
            (SINGLE, 10_833, 10_833, 1024, LEMIRE, [2588, 3567, 183, 3660, 6439, 9222, 10587, 1897, 10184, 3471]),
            (SERVER, 10_833, 10_833, 270_336, CLASSIC, [3766, 7321, 3777, 1603, 1705, 1334, 217, 10321, 10457, 3611]),
            (SERVER, 10_833, 10_833, 270_336, LEMIRE, [5403, 3538, 3528, 486, 3534, 5033, 9668, 1870, 2122, 9150]),
            (SINGLE, 2_513, 2_513, 1024, CLASSIC, [176, 1965, 2055, 2437, 154, 904, 1332, 2262, 1727, 1326]),
            (SINGLE, 2_513, 2_513, 1024, LEMIRE, [2417, 1967, 2057, 2418, 1444, 2394, 651, 532, 731, 391]),
            (
                SERVER, 330_067, 204_800, 270_336, CLASSIC,
                [260241, 310584, 271020, 203279, 226788, 96921, 150821, 140257, 39800, 294629],
            ),
            (
                SERVER, 330_067, 204_800, 270_336, LEMIRE,
                [310581, 42323, 203276, 139089, 133881, 8097, 219532, 216482, 197135, 296755],
            ),
            (SINGLE, 5_000, 64, 1024, CLASSIC, [4417, 270, 272, 2910, 3499, 76, 2119, 1180, 1215, 610]),
            (SINGLE, 5_000, 64, 1024, LEMIRE, [3764, 270, 2277, 2908, 3599, 76, 1991, 1178, 4792, 2755]),
            (MULTI, 50_000, 1024, 270_336, CLASSIC, [3063, 23009, 8041, 48687, 1750, 14976, 13758, 33032]),
            (MULTI, 50_000, 1024, 270_336, LEMIRE, [29172, 14399, 7771, 41877, 2911, 13485, 7782, 26832]),
        ],
    )  # fmt: skip
    def test_indices_of_profile_v2_0(
        self, *, load: Load, total: int, performance: int, minimum: int, variant: DrawVariant, start: list[int]
    ) -> None:
        settings = replace(V2_0, load=load, min_query_count=minimum, draw_variant=variant)
        assert first_indices(settings, total, performance)[: len(start)] == start

    @pytest.mark.parametrize(
        ("minimum", "variant", "starts"),
        [
            (270_336, CLASSIC, [540, 529, 805, 145, 917]),
            (270_336, LEMIRE, [529, 805, 145, 917, 464]),
            (662, CLASSIC, [329, 472, 391, 943, 920]),
            (662, LEMIRE, [329, 472, 391, 943, 920]),
        ],
    )
    def test_multistream_starts_depend_on_the_minimum_count(
        self, minimum: int, variant: DrawVariant, starts: list[int]
    ) -> None:
        settings = replace(V2_0, load=MULTI, min_query_count=minimum, draw_variant=variant)
        loadable, queries = made(settings, 50_000, 1024)
        block = next(queries.blocks(5))
        assert places(block.indices[::8].tolist(), loadable) == starts
        for query, start in zip(block.indices.reshape(5, 8).tolist(), starts, strict=True):
            assert query == loadable.indices[start : start + 8].tolist()

    @pytest.mark.parametrize(
        ("variant", "start"),
        [
            (CLASSIC, [786, 339, 900, 377, 929, 601, 544, 577, 873, 271]),
            (LEMIRE, [786, 961, 15, 262, 620, 601, 544, 577, 832, 271]),
        ],
    )
    def test_indices_of_profile_v6(self, variant: DrawVariant, start: list[int]) -> None:
        settings = replace(V6, draw_variant=variant, min_query_count=100)
        assert first_indices(settings, 50_000, 1024)[:10] == start

    @pytest.mark.parametrize(
        ("variant", "start"),
        [
            (CLASSIC, [4214, 20665, 40651, 21714, 46949, 28358, 7482, 42156, 48074, 38319]),
            (LEMIRE, [36106, 45258, 28216, 15249, 21160, 32723, 40269, 26669, 15936, 27478]),
        ],
    )
    def test_accuracy_order(self, variant: DrawVariant, start: list[int]) -> None:
        settings = replace(V2_0, draw_variant=variant)
        assert first_indices(settings, 50_000, 1024, Mode.ACCURACY)[:10] == start

    @pytest.mark.parametrize("variant", list(DrawVariant))
    def test_equal_issue_single_stream(self, variant: DrawVariant) -> None:
        # 2 * 600 s at 1.2 s a query is 1000, less than 1024; the next multiple of 42 is 1050.
        settings = replace(
            V2_0,
            load=SingleStream(expected_latency_ns=1.2e9),
            sample_concatenate_permutation=True,
            draw_variant=variant,
            min_query_count=1024,
        )
        _, queries = made(settings, 42, 42)
        assert queries.generated.query_count == 1050
        indices = np.concatenate([block.indices for block in itertools.islice(queries.blocks(21), 100)])
        permutations = indices.reshape(-1, 42)
        assert (np.sort(permutations, axis=1) == np.arange(42)).all()
        assert permutations[25:].tolist() == permutations[:25].tolist()

    @pytest.mark.parametrize("variant", list(DrawVariant))
    def test_equal_issue_first_permutation_for_the_minimum_of_1050(self, variant: DrawVariant) -> None:
        settings = replace(
            V2_0,
            load=SingleStream(expected_latency_ns=600e6),
            sample_concatenate_permutation=True,
            draw_variant=variant,
        )
        start = [25, 41, 2, 19, 31, 30, 33, 15, 20, 11, 27, 16]
        assert first_indices(settings, 42, 42)[:12] == start

    @pytest.mark.parametrize("variant", list(DrawVariant))
    def test_equal_issue_offline_shuffles_each_copy(self, variant: DrawVariant) -> None:
        settings = replace(V2_0, load=OFFLINE, sample_concatenate_permutation=True, draw_variant=variant)
        _, queries = made(settings, 42, 42)
        (block,) = queries.blocks()
        assert queries.samples_per_query == 1050
        # Profile v2.0 logs the number before it was rounded up.
        assert queries.generated.samples_per_query == 1024
        assert block.indices[:12].tolist() == [10, 36, 35, 9, 3, 20, 27, 6, 32, 15, 4, 19]
        assert (np.sort(block.indices.reshape(25, 42), axis=1) == np.arange(42)).all()

    def test_offline_repeats_the_loaded_set_in_order(self) -> None:
        loadable, queries = made(replace(V6, load=OFFLINE, min_query_count=25), 10, 10)
        (block,) = queries.blocks()
        once = loadable.indices.tolist()
        assert len(block.indices) == 660
        assert block.indices.tolist() == once * 66
        (block,) = made(replace(V6, load=OFFLINE, min_duration_ms=0, min_query_count=25), 10, 10)[1].blocks()
        assert block.indices.tolist() == once * 2 + once[:5]

    @pytest.mark.parametrize("profile", list(Profile))
    @pytest.mark.parametrize("load", [SINGLE, SERVER])
    def test_unique_issue_gives_each_loaded_sample_once(self, profile: Profile, load: Load) -> None:
        settings = replace(V6, profile=profile, load=load, performance_issue_unique=True)
        loadable, queries = made(settings, 64, 20)
        indices = [index for block in queries.blocks(7) for index in block.indices.tolist()]
        assert queries.finite
        assert sorted(indices) == sorted(loadable.indices.tolist())

    def test_multistream_accuracy_fills_the_last_query_with_padding(self) -> None:
        loadable, queries = made(replace(V6, load=MULTI), 20, 20, Mode.ACCURACY)
        (block,) = queries.blocks()
        assert queries.generated.query_count == 3
        assert len(block.indices) == 24
        counts = np.bincount(block.indices, minlength=20)
        assert counts.min() == 1
        assert sorted(np.flatnonzero(counts == 2).tolist()) == sorted(loadable.indices[:4].tolist())

    @pytest.mark.parametrize("load", [SINGLE, SERVER])
    def test_same_issue_is_as_long_as_the_loaded_set_in_v2_0_and_full_length_in_v6(self, load: Load) -> None:
        settings = replace(
            V2_0, load=load, performance_issue_same=True, performance_issue_same_index=3, min_duration_ms=100
        )
        loadable, short = made(settings, 50, 20)
        assert short.finite
        assert [block.indices.tolist() for block in short.blocks(50)] == [[loadable.indices[3]] * 20]
        loadable, full = made(replace(settings, profile=Profile.V6), 50, 20)
        assert full.generated.query_count == 1024
        assert next(full.blocks(30)).indices.tolist() == [loadable.indices[3]] * 30
        assert full.finite == (load is SERVER)

    def test_same_issue_multistream_starts_there_and_offline_repeats_it(self) -> None:
        settings = replace(
            V6, load=MULTI, performance_issue_same=True, performance_issue_same_index=19, min_duration_ms=100
        )
        loadable, queries = made(settings, 50, 20)
        assert next(queries.blocks(1)).indices.tolist() == loadable.indices[19:27].tolist()
        loadable, queries = made(replace(settings, load=OFFLINE), 50, 20)
        (block,) = queries.blocks()
        assert block.indices.tolist() == [loadable.indices[19]] * 1024


class TestExtent:
    @pytest.mark.parametrize(
        ("load", "duration_ms", "count", "duration_ns"),
        [
            (SingleStream(expected_latency_ns=2_000), 4_000, 4_000_001, 8_000_002_000),
            (SingleStream(expected_latency_ns=1e6), 600_000, 1_200_001, 1_200_001_000_000),
            (MultiStream(expected_latency_ns=3.5e6), 600_000, 342_859, 1_200_006_500_000),
            (Server(target_qps=2_000), 1_000, 2_166, 1_001_680_574),
        ],
    )
    def test_generated_counts(self, load: Load, duration_ms: int, count: int, duration_ns: int) -> None:
        settings = replace(V2_0, load=load, min_duration_ms=duration_ms, min_query_count=100)
        generated = made(settings, 1024, 1024)[1].generated
        assert (generated.query_count, generated.duration_ns) == (count, duration_ns)

    def test_only_runs_that_wait_for_completions_go_on_for_ever(self) -> None:
        short = replace(V6, min_duration_ms=10, min_query_count=10)
        for load, finite in ((SINGLE, False), (MULTI, False), (SERVER, True), (OFFLINE, True)):
            queries = made(replace(short, load=load), 30, 30)[1]
            assert queries.finite == finite
            assert made(replace(short, load=load), 30, 30, Mode.ACCURACY)[1].finite
            beyond = 2 * queries.generated.query_count
            given = sum(len(block.scheduled_ns) for block in itertools.islice(queries.blocks(1), beyond))
            assert given == (queries.generated.query_count if finite else beyond)

    def test_equal_issue_of_v6_grows_by_whole_sets(self) -> None:
        # 1 s at 100 queries a second needs about 100; the minimum of 10 rounds up to 30 and grows to a multiple.
        settings = replace(
            V6,
            load=Server(target_qps=100.0),
            min_duration_ms=1_000,
            min_query_count=10,
            sample_concatenate_permutation=True,
        )
        _, queries = made(settings, 30, 30)
        plain = made(replace(settings, sample_concatenate_permutation=False), 30, 30)[1]
        assert plain.generated.query_count == 103
        assert queries.generated.query_count == 120
        indices = np.concatenate([block.indices for block in queries.blocks(11)])
        assert np.bincount(indices).tolist() == [4] * 30

    def test_a_phase_without_queries_is_refused(self) -> None:
        nothing = replace(V6, min_duration_ms=0, min_query_count=0)
        for load in (SINGLE, MULTI, SERVER):
            with pytest.raises(SettingsError, match="min_query_count, min_duration_ms: found 0 for both"):
                made(replace(nothing, load=load), 10, 10)
        with pytest.raises(SettingsError, match="query without samples"):
            made(replace(nothing, load=OFFLINE), 10, 10)
        with pytest.raises(SettingsError, match="samples per query: found 20, expected at most the 10"):
            made(replace(V6, load=OFFLINE, performance_issue_unique=True), 10, 20)

    def test_a_same_index_outside_the_loaded_set_is_refused(self) -> None:
        settings = replace(V6, performance_issue_same=True, performance_issue_same_index=15)
        with pytest.raises(SettingsError, match="performance_issue_same_index: found 15, expected less than 10"):
            made(settings, 10, 20)


class TestBlocks:
    def test_a_phase_is_accuracy_or_performance(self) -> None:
        effective = effective_of(V6, 10, 10)
        loadable = loadable_sets(effective, Mode.PERFORMANCE)[0]
        with pytest.raises(ValueError, match="phase: found SubmissionRun"):
            schedule(effective, loadable, Mode.SUBMISSION)

    @pytest.mark.parametrize(("size", "first", "stride"), [(0, 0, 1), (8, 2, 2), (8, -1, 2)])
    def test_impossible_blocks_are_refused(self, size: int, first: int, stride: int) -> None:
        with pytest.raises(ValueError, match="blocks of"):
            made(V6, 10, 10)[1].blocks(size, first=first, stride=stride)

    def test_scheduled_times_of_server(self) -> None:
        block = next(made(replace(V6, load=SERVER), 10, 10)[1].blocks(5))
        assert block.scheduled_ns.tolist() == [0, 686_905, 801_807, 1_162_066, 1_330_516]

    def test_large_offline_query_needs_no_more_than_its_array(self) -> None:
        import tracemalloc

        settings = replace(V6, load=Offline(expected_qps=5_000.0), accuracy_log_probability=0.0)
        queries = made(settings, 1024, 1024)[1]
        tracemalloc.start()
        (block,) = queries.blocks()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(block.indices) == 3_300_000
        assert peak < block.indices.nbytes + 100_000


class TestAccuracySampler:
    TARGET = Settings(
        load=SingleStream(expected_latency_ns=100_000),
        min_duration_ms=50,
        min_query_count=100,
        accuracy_log_sampling_target=50,
        seeds=Seeds(accuracy_log=720381539243781796),
    )

    def test_sampling_target(self) -> None:
        effective = effective_of(self.TARGET, 100, 100)
        assert AccuracySampler.probability(effective) == 50 / 500
        assert AccuracySampler.offset(effective) == 0.49069568815352677
        block = next(made(self.TARGET, 100, 100)[1].blocks(500))
        assert block.logged is not None
        ids = np.flatnonzero(block.logged)
        assert len(ids) == 41
        assert ids[:12].tolist() == [5, 56, 65, 82, 87, 89, 92, 107, 113, 116, 119, 140]

    @pytest.mark.parametrize(
        ("load", "minimum", "expected"),
        [
            (SingleStream(expected_latency_ns=100_000), 600, 600),
            (MultiStream(expected_latency_ns=100_000, samples_per_query=3), 100, 1_500),
            (MultiStream(expected_latency_ns=100_000, samples_per_query=3), 600, 1_800),
            (Server(target_qps=10_000.0), 100, 500),
            (Offline(expected_qps=10_000.0), 100, 550),
        ],
    )
    def test_expected_samples(self, load: Load, minimum: int, expected: int) -> None:
        settings = replace(self.TARGET, load=load, min_query_count=minimum)
        assert AccuracySampler.probability(effective_of(settings, 100, 100)) == 50 / expected

    def test_probability_as_set(self) -> None:
        settings = replace(self.TARGET, accuracy_log_sampling_target=0, accuracy_log_probability=0.125)
        assert AccuracySampler.probability(effective_of(settings, 100, 100)) == 0.125

    def test_nothing_is_marked_without_sampling_or_in_accuracy(self) -> None:
        plain = replace(self.TARGET, accuracy_log_sampling_target=0)
        assert next(made(plain, 100, 100)[1].blocks(5)).logged is None
        assert next(made(self.TARGET, 100, 100, Mode.ACCURACY)[1].blocks(5)).logged is None

    def test_values_go_on_over_the_phases_of_a_run(self) -> None:
        effective = effective_of(self.TARGET, 100, 100)
        loadable = loadable_sets(effective, Mode.PERFORMANCE)[0]
        sampler = AccuracySampler()
        first = schedule(effective, loadable, Mode.ACCURACY, sampler)
        second = schedule(effective, loadable, Mode.PERFORMANCE, sampler)
        alone = next(schedule(effective, loadable, Mode.PERFORMANCE).blocks(500)).logged
        after = next(second.blocks(400)).logged
        assert alone is not None
        assert after is not None
        assert first.generated.query_count == 100
        assert after.tolist() == alone[100:].tolist()
