# Copyright 2026 The emotion_recognition authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, FRAME, HOP
from emotion_recognition.audio.stream import (
    AudioConfig,
    AudioFeatures,
    AudioStream,
    features_of,
)

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
HOP_NS = 16_000_000
DEFAULT = AudioConfig()
PLAIN = AudioConfig(denoise=False, normalise=False)


@cache
def kept_stream(config: AudioConfig) -> AudioStream:
    return AudioStream(config)


def fresh(config: AudioConfig = DEFAULT) -> AudioStream:
    """A stream as new; making one takes far longer than most of the tests."""
    stream = kept_stream(config)
    stream.reset()
    return stream


def noise(samples: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    shape = (samples, channels)
    return (0.05 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def chunks(
    signal: np.ndarray,
    rate: int = 16000,
    size: int = 320,
    start_ns: int = START,
    exact: bool = True,
) -> list[AudioChunk]:
    return [
        AudioChunk(start_ns + round(at * SECOND / rate), rate, signal[at : at + size], exact)
        for at in range(0, len(signal), size)
    ]


def feed(stream: AudioStream, parts: list[AudioChunk]) -> AudioFeatures:
    results = [stream.add(part) for part in parts]
    return AudioFeatures(
        np.concatenate([result.stamps_ns for result in results]),
        np.concatenate([result.values for result in results]),
        np.concatenate([result.samples for result in results]),
    )


def moved(chunk: AudioChunk, by_ns: int) -> AudioChunk:
    return AudioChunk(chunk.stamp_ns + by_ns, chunk.sample_rate, chunk.samples, chunk.exact_stamp)


def clean_stamps(frames: int, start_ns: int = START) -> np.ndarray:
    return start_ns + (FRAME + HOP * np.arange(frames)) * 62_500


# Streaming and batch


@settings(max_examples=15)
@given(
    rate=st.sampled_from([8000, 11025, 16000, 44100, 48000]),
    channels=st.integers(1, 3),
    sizes=st.lists(st.sampled_from([0, 1, 3, 160, 441, 2000, 9000]), min_size=1, max_size=8),
)
def test_streaming_equals_the_whole_signal(rate: int, channels: int, sizes: list[int]) -> None:
    signal = noise(int(0.4 * rate), channels)
    signal[rate // 10 : rate // 5] *= 8
    cuts = np.minimum(np.cumsum(sizes), len(signal)).astype(int)
    stream = fresh()
    results, at = [], 0
    for piece in np.split(signal, cuts):
        results.append(stream.add(AudioChunk(START + round(at * SECOND / rate), rate, piece)))
        at += len(piece)
    results.append(stream.finish())
    streamed = np.concatenate([result.values for result in results])
    stamps = np.concatenate([result.stamps_ns for result in results])
    np.testing.assert_allclose(streamed, features_of(signal, rate), atol=1e-4)
    np.testing.assert_allclose(stamps - START, clean_stamps(len(stamps)) - START, atol=1000)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ravdess_speech/Actor_05/03-01-05-02-01-01-05.flac",
                                  "crema_d/1002_DFA_HAP_XX.opus"])  # fmt: skip
def test_a_real_clip_at_48_khz_stereo_in_10_ms_chunks(shared_data: Path, name: str) -> None:
    voice, rate = soundfile.read(shared_data / name, dtype="float32")
    signal = soxr.resample(np.stack([voice, voice], axis=1), rate, 48000)
    stream = fresh()
    streamed = feed(stream, chunks(signal, 48000, 480))
    whole = features_of(signal, 48000)
    np.testing.assert_allclose(streamed.values, whole[: len(streamed.values)], atol=1e-4)
    assert len(whole) - len(streamed.values) <= 3  # what the resampler still holds
    np.testing.assert_array_equal(streamed.stamps_ns, clean_stamps(len(streamed.stamps_ns)))
    # The way over 48 kHz and back changes next to nothing up to 7 kHz, beside the floor.
    there, direct = (features_of(x, r, PLAIN)[:, :58] for x, r in ((signal, 48000), (voice, rate)))
    loud = direct > -40
    assert np.percentile(np.abs(there[: len(direct)] - direct)[loud], 99) < 0.1


def test_ten_seconds_in_one_chunk() -> None:
    signal = noise(160_000)
    whole = fresh().add(AudioChunk(START, 16000, signal))
    streamed = feed(fresh(), chunks(signal))
    np.testing.assert_allclose(streamed.values, whole.values, atol=1e-4)


def test_features_of_takes_mono_and_channels_and_gives_no_frames_for_a_snippet() -> None:
    signal = noise(4000)[:, 0]
    both = np.stack([signal, signal], axis=1)
    np.testing.assert_allclose(features_of(both, 16000), features_of(signal, 16000), atol=1e-4)
    assert features_of(signal[:511], 16000).shape == (0, FEATURE_SIZE)
    assert features_of(np.zeros(0), 16000).shape == (0, FEATURE_SIZE)


def test_features_of_does_not_remember() -> None:
    first = features_of(noise(8000), 16000)
    features_of(noise(8000, seed=1) * 10, 16000)
    np.testing.assert_array_equal(features_of(noise(8000), 16000), first)


def test_channels_are_averaged() -> None:
    signal = noise(4000, 2)
    opposite = np.stack([signal[:, 0], -signal[:, 0]], axis=1)
    assert np.all(features_of(opposite, 16000, PLAIN)[:, 85] == -100)


# Time


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000, 192000])
def test_a_click_appears_at_its_time(rate: int) -> None:
    signal = np.zeros((rate, 1), np.float32)
    click_s = 0.5003
    signal[round(click_s * rate)] = 0.9
    stream = fresh(PLAIN)
    result = feed(stream, chunks(signal, rate, rate // 50))
    tail = stream.finish()
    stamps = np.concatenate([result.stamps_ns, tail.stamps_ns])
    energy = np.concatenate([result.values, tail.values])[:, 85]
    heard = stamps[energy > energy.max() - 20]
    click_ns = START + round(click_s * SECOND)
    # In the two frames that hold it: the first ends within a hop after it, the last within two.
    assert len(heard) == 2
    assert 0 < heard[0] - click_ns <= HOP_NS
    assert 0 < heard[1] - click_ns <= 2 * HOP_NS


@settings(max_examples=15)
@given(
    st.lists(st.integers(-7_900_000, 7_900_000), min_size=25, max_size=25),
    st.lists(st.booleans(), min_size=25, max_size=25),
)
def test_frames_that_wait_are_those_that_come_at_once(
    jitter_ns: list[int], taken: list[bool]
) -> None:
    parts = chunks(noise(8000))
    shaken = [parts[0], *map(moved, parts[1:10], jitter_ns), *map(moved, parts[11:], jitter_ns[9:])]
    at_once = feed(fresh(PLAIN), shaken)
    stream = fresh(PLAIN)
    found = []
    for chunk, take in zip(shaken, [*taken[: len(shaken) - 1], True], strict=True):
        stream.put(chunk)
        found += [stream.take()] if take else []
    assert stream.breaks == 1  # the chunk that is left out
    stamps_ns = np.concatenate([features.stamps_ns for features in found])
    np.testing.assert_array_equal(stamps_ns, at_once.stamps_ns)
    samples = np.concatenate([features.samples for features in found])
    np.testing.assert_array_equal(samples, at_once.samples)
    values = np.concatenate([features.values for features in found])
    np.testing.assert_allclose(values, at_once.values, rtol=1e-5, atol=1e-5)
    assert stream.end_ns == pytest.approx(shaken[-1].end_ns, abs=8_000_000)


def test_frame_stamps_are_exact_over_hours() -> None:
    stream = fresh(PLAIN)
    stream.add(AudioChunk(START, 16000, noise(16000)))
    stream._heard += 16000 * 36_000  # as if ten hours had been heard
    stream._frames += 1_000_000 * 36 // 16
    ahead = round(36_000 * SECOND)
    result = stream.add(AudioChunk(START + SECOND + ahead, 16000, noise(16000)))
    assert stream.breaks == 0
    assert np.all(np.diff(result.stamps_ns) == HOP_NS)


@settings(max_examples=15)
@given(st.lists(st.integers(-7_900_000, 7_900_000), min_size=25, max_size=25))
def test_jitter_below_half_a_hop_is_ignored(jitter_ns: list[int]) -> None:
    parts = chunks(noise(8000))
    shaken = [parts[0], *map(moved, parts[1:], jitter_ns[1:])]
    calm = feed(fresh(PLAIN), parts)
    stream = fresh(PLAIN)
    result = feed(stream, shaken)
    np.testing.assert_array_equal(result.values, calm.values)
    assert np.abs(result.stamps_ns - calm.stamps_ns).max() < 1_000_000
    assert stream.breaks == 0


def test_a_slowly_drifting_clock_is_followed() -> None:
    # 1000 ppm, ten times worse than a bad crystal: 30 ms in half a minute, almost two hops.
    parts = [
        moved(chunk, (chunk.stamp_ns - START) // 1000)
        for chunk in chunks(noise(480_000), size=1600)
    ]
    stream = fresh(PLAIN)
    result = feed(stream, parts)
    assert stream.breaks == 0
    last = parts[-1]
    # A tenth of a second of input at most waits for its frame, and the drift of 10 s is not yet in.
    assert abs(result.stamps_ns[-1] - last.end_ns) < HOP_NS + 11_000_000
    assert np.all(np.diff(result.stamps_ns) > 0)


def test_a_gap_starts_the_framing_at_the_new_stamp() -> None:
    parts = chunks(noise(16000))
    late = [moved(chunk, 300_000_000) for chunk in parts[25:]]
    stream = fresh(PLAIN)
    before = feed(stream, parts[:25])
    after = feed(stream, late)
    assert stream.breaks == 1
    np.testing.assert_array_equal(before.stamps_ns, clean_stamps(len(before.stamps_ns)))
    np.testing.assert_array_equal(
        after.stamps_ns, clean_stamps(len(after.stamps_ns), late[0].stamp_ns)
    )
    np.testing.assert_allclose(
        after.values, features_of(noise(16000)[8000:], 16000, PLAIN), atol=1e-4
    )


def test_a_gap_loses_nothing_that_the_resampler_held_back() -> None:
    signal = noise(48000)
    parts = chunks(signal, 48000, 960)
    stream = fresh(PLAIN)
    result = feed(stream, [*parts[:25], *(moved(chunk, SECOND) for chunk in parts[25:])])
    first = result.values[result.stamps_ns <= START + SECOND // 2]
    np.testing.assert_allclose(first, features_of(signal[:24000], 48000, PLAIN), atol=1e-4)


def test_noise_is_remembered_over_a_short_gap_and_forgotten_after_a_long_one() -> None:
    parts = chunks(noise(32000))

    def first_frame_after(gap_ns: int) -> float:
        stream = fresh(AudioConfig(denoise=True, normalise=False))
        feed(stream, parts[:75])
        after = feed(stream, [moved(chunk, gap_ns) for chunk in parts[75:]])
        return float(after.values[0, :64].mean())

    assert first_frame_after(SECOND) < first_frame_after(30 * SECOND) - 3


def test_a_duplicate_chunk_is_dropped() -> None:
    parts = chunks(noise(8000))
    calm = feed(fresh(), parts)
    stream = fresh()
    result = feed(stream, [*parts[:10], parts[9], parts[8], *parts[10:]])
    np.testing.assert_array_equal(result.values, calm.values)
    np.testing.assert_array_equal(result.stamps_ns, calm.stamps_ns)
    assert stream.dropped_samples == 640


def test_an_overlap_is_heard_once() -> None:
    signal = noise(16000)
    parts = [
        AudioChunk(START + at * 62_500, 16000, signal[at : at + 2000])
        for at in range(0, 14001, 1000)
    ]
    stream = fresh()
    result = feed(stream, parts)
    whole = features_of(signal, 16000)
    np.testing.assert_allclose(result.values, whole, atol=1e-4)
    assert stream.dropped_samples == 14_000


def test_a_jump_back_starts_a_new_signal() -> None:
    parts = chunks(noise(16000))
    stream = fresh()
    feed(stream, [moved(chunk, 60 * SECOND) for chunk in parts])
    again = feed(stream, parts)
    np.testing.assert_array_equal(again.stamps_ns, clean_stamps(len(again.stamps_ns)))
    np.testing.assert_allclose(again.values, features_of(noise(16000), 16000), atol=1e-4)
    assert stream.breaks == 1


def test_a_zero_stamp_follows_on_the_chunk_before() -> None:
    parts = chunks(noise(8000))
    zeroed = [AudioChunk(0, 16000, chunk.samples) for chunk in parts]
    calm = feed(fresh(), parts)
    stream = fresh()
    result = feed(stream, [parts[0], *zeroed[1:20], *parts[20:]])
    np.testing.assert_array_equal(result.values, calm.values)
    np.testing.assert_array_equal(result.stamps_ns, calm.stamps_ns)
    only_zeros = feed(fresh(), zeroed)
    np.testing.assert_array_equal(only_zeros.stamps_ns, clean_stamps(len(only_zeros.stamps_ns), 0))


def test_inexact_stamps_in_bursts_lose_no_sound() -> None:
    # A sound card that hands out four chunks at once: stamps 80 ms apart, then three on top.
    parts = chunks(noise(32000), exact=False)
    bursts = [moved(chunk, parts[index // 4 * 4].stamp_ns - chunk.stamp_ns)
              for index, chunk in enumerate(parts)]  # fmt: skip
    calm = feed(fresh(), parts)
    stream = fresh()
    result = feed(stream, bursts)
    np.testing.assert_array_equal(result.values, calm.values)
    assert np.abs(result.stamps_ns - calm.stamps_ns).max() < 60_000_000
    assert stream.breaks == stream.dropped_samples == 0


def test_a_stall_of_inexact_stamps_breaks_once_and_loses_no_sound() -> None:
    parts = chunks(noise(48000), exact=False)
    backlog = [moved(chunk, parts[40].stamp_ns - chunk.stamp_ns) for chunk in parts[20:40]]
    stream = fresh()
    result = feed(stream, [*parts[:20], *backlog, *parts[40:]])
    assert stream.breaks == 1
    assert stream.dropped_samples == 0
    assert len(result.values) >= len(feed(fresh(), parts).values) - 3
    assert np.all(np.diff(result.stamps_ns) > 0)


@settings(max_examples=15)
@given(
    stamps=st.lists(st.integers(-3 * SECOND, 20 * SECOND), min_size=1, max_size=20),
    exact=st.booleans(),
)
def test_any_stamps_give_finite_features_and_bounded_state(stamps: list[int], exact: bool) -> None:
    stream = fresh(PLAIN)
    for stamp in stamps:
        result = stream.add(AudioChunk(stamp, 16000, noise(480), exact))
        assert np.isfinite(result.values).all()
        assert len(result.stamps_ns) == len(result.values) <= 3
        assert np.all(np.diff(result.stamps_ns) > 0)
        assert len(stream._extractor._samples) < 1024


# Bad and changing input


def test_empty_chunks_change_nothing() -> None:
    parts = chunks(noise(4000))
    empty = AudioChunk(START + 5 * SECOND, 16000, np.zeros((0, 1), np.float32))
    result = feed(fresh(), [empty, *parts[:5], empty, *parts[5:]])
    np.testing.assert_array_equal(result.values, feed(fresh(), parts).values)
    assert fresh().add(empty).values.shape == (0, FEATURE_SIZE)


def test_samples_that_are_no_sound_become_zero_and_are_counted() -> None:
    signal = noise(8000)
    broken = signal.copy()
    broken[1000:1010] = np.nan
    broken[2000] = np.inf
    signal[1000:1010] = 0
    signal[2000] = 0
    stream = fresh()
    result = feed(stream, chunks(broken, 16000))
    assert stream.bad_samples == 11
    np.testing.assert_array_equal(result.values, feed(fresh(), chunks(signal)).values)


@pytest.mark.parametrize(("rate", "channels"), [(48000, 1), (16000, 2), (8000, 2)])
def test_another_rate_or_channel_count_starts_anew(rate: int, channels: int) -> None:
    stream = fresh(PLAIN)
    feed(stream, chunks(noise(16000)))
    signal = noise(rate, channels, seed=4)
    after = feed(stream, chunks(signal, rate, rate // 50, START + SECOND))
    tail = stream.finish()
    np.testing.assert_allclose(
        np.concatenate([after.values, tail.values]), features_of(signal, rate, PLAIN), atol=1e-4
    )
    np.testing.assert_array_equal(
        after.stamps_ns, clean_stamps(len(after.stamps_ns), START + SECOND)
    )
    assert stream.breaks == 1


def test_a_change_of_rate_without_a_stamp_goes_on_in_time() -> None:
    stream = fresh(PLAIN)
    feed(stream, chunks(noise(16000)))
    after = stream.add(AudioChunk(0, 8000, noise(8000)))
    tail = stream.finish()
    stamps = np.concatenate([after.stamps_ns, tail.stamps_ns])
    np.testing.assert_array_equal(stamps, clean_stamps(len(stamps), START + SECOND))


def test_silence_gives_finite_features() -> None:
    assert np.isfinite(features_of(np.zeros(16000), 16000)).all()


def test_finish_without_input_gives_no_frames() -> None:
    assert len(fresh().finish().values) == 0


def test_reset_forgets_everything() -> None:
    stream = fresh()
    feed(stream, chunks(noise(16000, seed=9) * np.float32(np.nan)))
    stream.reset()
    assert stream.bad_samples == stream.dropped_samples == stream.breaks == 0
    result = feed(stream, chunks(noise(8000), start_ns=START - 50 * SECOND))
    np.testing.assert_array_equal(result.values, feed(fresh(), chunks(noise(8000))).values)


@pytest.mark.parametrize(
    ("rate", "shape"), [(0, (10, 1)), (-8000, (10, 1)), (16000, (10, 0)), (16000, (2, 5, 1))]
)
def test_an_impossible_chunk_cannot_be_made(rate: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        AudioChunk(START, rate, np.zeros(shape))


def test_a_chunk_knows_its_end() -> None:
    chunk = AudioChunk(START, 44100, np.zeros(441))
    assert chunk.samples.shape == (441, 1)
    assert chunk.samples.dtype == np.float32
    assert chunk.end_ns == START + 10_000_000
