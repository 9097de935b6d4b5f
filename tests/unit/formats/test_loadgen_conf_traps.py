"""Lines of configuration files that LoadGen reads otherwise than they look."""

from __future__ import annotations

import pytest

from levelfield.errors import ConfigError
from levelfield.formats.loadgen_conf_traps import read_strict, traps
from levelfield.terms import Profile


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("*.Server.target_qps=5", "expected spaces around '=': LoadGen would ignore or reject the line."),
        ("*.Server.target_qps =5", "expected spaces around '='"),
        ("*.Server.target_qps = 5 # note", "found a comment after the value: LoadGen would reject the whole file"),
        ("*.Server.target_qps = 5 #note", "found a comment after the value"),
        ("*.Server.target_qps = fast", "found 'fast', expected a number: LoadGen would reject the whole file."),
        ("*.Server.target_qps = 5 6", "found 2 values, expected one: LoadGen would take the last, 6."),
        ("*.Server.target_qps : 5", "found ':' after the key, expected '='"),
        ("*.Server.target_qps", "without a value: LoadGen would ignore the line."),
        ("*.Server.target_qps # 5", "without a value"),
        ("*.Server.target_qps =", "found no value after '='"),
        ("*.Server.target_latency = 0.5", "expected a whole number for target_latency: LoadGen would read 0."),
        ("*.*.min_duration = 1e6", "expected a whole number for min_duration: LoadGen would read 1."),
        ("*.*.min_query_count = 010", "found 010 with a leading zero: LoadGen would read 8."),
        ("*.*.min_query_count = 08", "found 08 with a leading zero: LoadGen would read 0."),
        ("*.Server.target_qps = 010", "found 010 with a leading zero: LoadGen would read 10."),
        ("*.*.max_duration = -1", "expected 0 or more for max_duration: LoadGen would read 18446744073709551615."),
        ("*.*.max_duration = 18446744073709551616", "expected less than 2^64 for max_duration"),
        ("*.Server.target_qps = -3", "found -3, expected a finite number, 0 or more, for target_qps."),
        ("*.Server.target_qps = nan", "found nan, expected a finite number"),
        ("*.*.mode = 4", "expected 0 (submission), 1 (accuracy), 2 (performance) or 3 (find peak) for mode."),
        ("*.*.sample_concatenate_permutation = 2", "expected 0 or 1 for sample_concatenate_permutation: "),
        ("*.Server.max_async_queries = 2147483648", "expected less than 2^31 for max_async_queries."),
        ("*.*.min_duratoin = 5", "unknown key 'min_duratoin' (nearest: 'min_duration'): LoadGen would ignore"),
        ("*.server.target_qps = 5", "unknown scenario 'server' (nearest: 'Server')"),
        ("*.Offline.target_latency = 5", "target_latency is read for SingleStream, MultiStream, Server only"),
        ("min_duration = 5", "found the key 'min_duration', expected model.scenario.key"),
        ("#note", "found '#note', expected a space after '#': LoadGen takes it for a key."),
    ],
)
def test_each_trap_is_explained_with_file_and_line(line, problem) -> None:
    found = traps(f"# fine\n{line}\n", path="user.conf", profile=Profile.V6)
    assert len(found) == 1
    assert found[0].startswith("user.conf:2: ")
    assert problem in found[0]


def test_duplicates_name_both_lines() -> None:
    found = traps("*.*.mode = 1\n\n*.*.mode = 2", path="u", profile=Profile.V6)
    assert found == ("u:3: *.*.mode stands in line 1 already; the last one would win.",)


def test_all_traps_at_once(tmp_path) -> None:
    path = tmp_path / "user.conf"
    path.write_text("*.*.mode=1\n*.*.min_duration = 08\n*.*.min_duration = five\n")
    with pytest.raises(ConfigError) as caught:
        read_strict(path, profile=Profile.V6)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [f"{path}:{n}" for n in (1, 2, 3, 3)]


def test_keys_of_later_releases_are_unknown_to_earlier_ones() -> None:
    line = "*.*.use_token_latencies = 1"
    assert traps(line, path="u", profile=Profile.V6) == ()
    assert "unknown key" in traps(line, path="u", profile=Profile.V2_0)[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# a comment\n\n   # another\r\n",
        "*.*.qsl_rng_seed = 6655344265603136530\n*.*.schedule_rng_seed = 0xafbb4808bed4f58f",
        "*.Server.target_latency_percentile = 99.9\n*.SingleStream.target_latency = 0.5",
        "*.Server.target_duration = 0\n*.Offline.target_latency_percentile = 90",
        "*.*.test07_accuracy_threshold = 60.698",
        "bert-99.9.Server.target_qps = 5\nbert-99.9.*.min_duration = 600000",
    ],
)
def test_files_that_mean_what_they_say(tmp_path, text) -> None:
    path = tmp_path / "user.conf"
    path.write_text(text)
    assert read_strict(path, profile=Profile.V6).path == str(path)
