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

"""The FER+ benchmark: its numbers are those of the weights, worked out here once more."""

import json

import cv2
import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.evaluation.ferplus import (
    benchmark_ferplus,
    clear_majority,
    milliseconds_per_face,
    predict_logits,
)
from emotion_recognition.model.checkpoint import CheckpointError, checkpoint_sha256
from emotion_recognition.model.frame_encoder import (
    SHIPPED_WEIGHTS,
    FrameEncoder,
    FrameEncoderConfig,
    load_frame_encoder,
)

KEYS = ("n", "accuracy", "uar", "top1", "top5", "ece", "macro_precision", "macro_f1", "confusion")


@pytest.fixture(scope="module")
def result(shared_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmark") / "new"
    return benchmark_ferplus(shared_data, out), out / "ferplus.json"


@pytest.mark.shared
def test_result_is_written_as_it_is_returned(result):
    returned, path = result
    assert json.loads(path.read_text()) == returned


@pytest.mark.shared
def test_result_has_one_fold_and_names_the_weights(result):
    returned, _ = result
    assert len(returned["folds"]) == 1
    assert all(returned["folds"][0][key] == returned[key] for key in KEYS)
    assert returned["checkpoint"]["sha256"] == checkpoint_sha256(SHIPPED_WEIGHTS)
    assert returned["checkpoint"]["id"] == load_frame_encoder(SHIPPED_WEIGHTS)[1]["id"]
    assert returned["folds"][0]["name"] == "official test split"
    assert 0 < returned["ms_per_face"] < 1000 * returned["seconds"]


@pytest.mark.shared
def test_page_and_plots_are_written(result):
    returned, path = result
    page = path.with_suffix(".md").read_text()
    assert f"| {100 * returned['accuracy']:.1f} |" in page
    assert "emotion-recognition benchmark ferplus --data DIR --out DIR" in page
    for name in ("ferplus-confusion.png", "ferplus-reliability.png"):
        assert cv2.imread(str(path.with_name(name))).std() > 10 and f"({name})" in page


@pytest.mark.shared
def test_shipped_weights_reach_the_promised_accuracy(result):
    returned, _ = result
    assert returned["n"] == 3545
    assert returned["accuracy"] >= 0.82
    assert returned["top5"] > 0.98
    assert returned["ece"] < 0.05


@pytest.mark.parametrize(
    ("votes", "clear"),
    [
        ([10, 0, 0, 0, 0, 0, 0, 0, 0, 0], True),
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], False),  # half is not more than half
        ([5, 4, 1, 0, 0, 0, 0, 0, 0, 0], True),  # the single vote does not count: 5 of 9
        ([4, 3, 3, 0, 0, 0, 0, 0, 0, 0], False),
        ([4, 2, 0, 0, 0, 0, 0, 0, 4, 0], False),  # votes for unknown count
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], False),
    ],
)
def test_clear_majority_is_more_than_half_of_the_votes_without_single_ones(votes, clear):
    assert clear_majority(np.array([votes], np.uint8)).tolist() == [clear]


@pytest.mark.shared
def test_clear_images_are_fewer_and_judged_more_easily(result, shared_data):
    returned, _ = result
    clear = clear_majority(load_ferplus(shared_data / "ferplus", "test").kept().votes)
    assert returned["n_clear_majority"] == clear.sum() < returned["n"]
    assert returned["accuracy"] < returned["accuracy_clear_majority"] <= 1


@pytest.mark.shared
def test_figures_equal_an_independent_evaluation(result, shared_data):
    returned, _ = result
    encoder, metadata = load_frame_encoder(SHIPPED_WEIGHTS)
    test = load_ferplus(shared_data / "ferplus", "test")
    chosen = np.flatnonzero(test.votes.argmax(1) < 8)[:300]
    truth = test.votes.argmax(1)[chosen]
    faces = torch.from_numpy(test.images[chosen, None].astype(np.float32) / 255)
    with torch.inference_mode():
        logits = encoder(faces)[1].numpy()
    np.testing.assert_allclose(
        predict_logits(encoder, test.images[chosen]).numpy(), logits, atol=1e-4
    )
    assert accuracy_score(truth, logits.argmax(1)) == pytest.approx(returned["accuracy"], abs=0.07)
    confusion = np.array(returned["confusion"])
    truths = np.repeat(np.arange(8), confusion.sum(1))
    guesses = np.concatenate([np.repeat(np.arange(8), row) for row in confusion])
    assert accuracy_score(truths, guesses) == pytest.approx(returned["accuracy"])
    assert balanced_accuracy_score(truths, guesses) == pytest.approx(returned["uar"])
    # The fitted temperature must leave confidence near the rate of right answers.
    confidence = softmax(logits / float(metadata["temperature"]), axis=1).max(1).mean()
    assert confidence == pytest.approx(returned["accuracy"], abs=0.07)


@pytest.mark.parametrize("threads", [1, 2])
def test_timing_leaves_the_number_of_threads_as_it_was(threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        encoder = FrameEncoder(FrameEncoderConfig(stem=4, widths=(8,), blocks=(1,)))
        assert milliseconds_per_face(encoder, np.zeros((3, 48, 48), np.uint8)) > 0
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_missing_data_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"ferplus/test\.npz: no such file"):
        benchmark_ferplus(tmp_path, tmp_path)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.safetensors: no such checkpoint"):
        benchmark_ferplus(tmp_path, tmp_path, tmp_path / "none.safetensors")
