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

"""The FER+ reader: made-up splits, broken files, and the real data where it is present."""

import cv2
import numpy as np
import pytest

from emotion_recognition.corpora.ferplus import VOTE_COLUMNS, FerPlus, load_ferplus

# Columns: neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, no face.
VOTES = np.array(
    [
        [0, 7, 1, 0, 0, 0, 0, 0, 2, 0],  # happiness; the single vote for surprise is an outlier
        [4, 0, 0, 4, 0, 0, 0, 0, 1, 1],  # neutral and sadness, tied
        [1, 0, 0, 0, 1, 0, 0, 0, 8, 0],  # unknown; no emotion has two votes
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],  # not a face
    ],
    np.uint8,
)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 255, (4, 48, 48), dtype=np.uint8)


@pytest.fixture
def split(images):
    return FerPlus(images, VOTES, np.array([f"fer{index}.png" for index in range(4)]))


def write(folder, images, votes=VOTES, **changes):
    encoded = [cv2.imencode(".png", image)[1].ravel() for image in images]
    arrays = {
        "webp": np.concatenate(encoded),
        "offsets": np.cumsum([0, *map(len, encoded)]),
        "votes": votes,
        "names": np.array([f"fer{index}.png" for index in range(len(images))]),
    } | changes
    kept = {key: value for key, value in arrays.items() if value is not None}
    np.savez(folder / "train.npz", **kept)


def test_images_votes_and_names_are_read(tmp_path, images):
    write(tmp_path, images)
    data = load_ferplus(tmp_path, "train")
    assert len(data) == 4
    assert data.images.dtype == np.uint8
    np.testing.assert_array_equal(data.images, images)
    np.testing.assert_array_equal(data.votes, VOTES)
    assert data.names.tolist() == ["fer0.png", "fer1.png", "fer2.png", "fer3.png"]


def test_majority_is_the_first_column_with_most_votes(split):
    assert [VOTE_COLUMNS[column] for column in split.majority] == [
        "happiness",
        "neutral",
        "unknown",
        "not-a-face",
    ]


def test_kept_leaves_out_unknown_and_not_a_face(split):
    kept = split.kept()
    assert kept.names.tolist() == ["fer0.png", "fer1.png"]
    np.testing.assert_array_equal(kept.images, split.images[:2])
    np.testing.assert_array_equal(kept.votes, VOTES[:2])


def test_soft_targets_are_shares_of_votes_without_outliers(split):
    expected = np.zeros((4, 8), np.float32)
    expected[0, 1] = 1
    expected[1, [0, 3]] = 0.5
    expected[2, [0, 4]] = 0.5
    np.testing.assert_array_equal(split.soft_targets(), expected)


def test_missing_split_is_named_with_the_layout(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"valid\.npz: no such file; expected train\.npz"):
        load_ferplus(tmp_path, "valid")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"votes": None}, "votes is not a file in the archive"),
        ({"votes": VOTES[:, :8]}, r"votes \(4, 8\)"),
        ({"offsets": np.arange(4)}, r"offsets \(4,\)"),
        ({"webp": np.zeros(100_000, np.uint8)}, r"image 0 \(fer0\.png\) is no 48x48 image"),
    ],
)
def test_other_layout_is_rejected(tmp_path, images, changes, message):
    write(tmp_path, images, **changes)
    with pytest.raises(ValueError, match=rf"train\.npz: .*{message}.*expected train\.npz"):
        load_ferplus(tmp_path, "train")


def test_image_of_another_size_is_rejected(tmp_path):
    write(tmp_path, np.zeros((4, 64, 64), np.uint8))
    with pytest.raises(ValueError, match="is no 48x48 image"):
        load_ferplus(tmp_path, "train")


def test_file_that_is_no_archive_is_rejected(tmp_path):
    (tmp_path / "test.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"test\.npz: .*expected train\.npz"):
        load_ferplus(tmp_path, "test")


@pytest.mark.shared
@pytest.mark.parametrize(("name", "count", "kept"), [("valid", 3579, 3555), ("test", 3573, 3545)])
def test_real_splits_have_the_published_sizes(shared_data, name, count, kept):
    data = load_ferplus(shared_data / "ferplus", name)
    assert len(data) == count
    assert len(data.kept()) == kept
    np.testing.assert_allclose(data.kept().soft_targets().sum(axis=1), 1, rtol=1e-6)
    assert 100 < data.images.mean() < 160
