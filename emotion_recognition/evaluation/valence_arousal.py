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

"""How well the model's map from classes to valence and arousal holds on other faces' ratings."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora import affectnet
from emotion_recognition.emotions import EMOTIONS, canonical
from emotion_recognition.evaluation.metrics import concordance
from emotion_recognition.evaluation.plots import plot_scatter
from emotion_recognition.evaluation.report import Page, Table, write_page
from emotion_recognition.model.network import load_network
from emotion_recognition.model.network_file import NETWORK_FILE, WEIGHTS

logger = logging.getLogger(__name__)


NAME = "valence-arousal"

ABOUT = """\
The map from class probabilities to valence and arousal that is in the deployed network, on faces
that it was not fitted to (set 2 of `affectnet_c25`; it was fitted to set 1). Its input are the
shares of 25 people's choices of a class, not the network's probabilities: this is what the map can
do with perfect recognition. CCC is the concordance correlation coefficient (Lin 1989) with the mean
rating of the same people; RMSE is on a scale from -1 to 1."""


def emotion_shares(faces: affectnet.RatedFaces) -> npt.NDArray[np.float64]:
    """Return the people's choices as a distribution over ``EMOTIONS`` (N, 8).

    Contempt is none of ours and is left out; calm was not on offer.
    """
    shares = np.zeros((len(faces.valence), len(EMOTIONS)))
    for column, name in enumerate(affectnet.CLASSES):
        if name != "contempt":
            shares[:, EMOTIONS.index(canonical(name))] = faces.expressions[:, column]
    return shares / shares.sum(axis=1, keepdims=True)


def benchmark_valence_arousal(data: Path, out: Path) -> dict[str, Any]:
    """Score the shipped map on set 2 of ``affectnet_c25`` (it was fitted on set 1).

    Args:
        data: Folder of the corpora.
        out: Folder for ``valence-arousal.json``, ``.md`` and the plot.

    Returns:
        ``ccc_valence``, ``ccc_arousal``, the same with ``pearson`` and ``rmse``, ``n`` and
        ``seconds``, as written.

    Raises:
        CheckpointError: the shipped network is missing or corrupt.
        FileNotFoundError: the ratings are missing.
    """
    began = time.monotonic()
    network, _ = load_network(WEIGHTS / NETWORK_FILE)
    faces = affectnet.rated_faces(data, 2)
    estimates = emotion_shares(faces) @ network.heads.ratings.double().numpy()
    rated = {"valence": faces.valence, "arousal": faces.arousal}
    figures: dict[str, float] = {}
    rows, panels = [], {}
    for (name, truth), estimate in zip(rated.items(), estimates.T, strict=True):
        ccc = concordance(truth, estimate)
        pearson = float(np.corrcoef(truth, estimate)[0, 1])
        rmse = float(np.sqrt(np.mean((truth - estimate) ** 2)))
        figures |= {f"ccc_{name}": ccc, f"pearson_{name}": pearson, f"rmse_{name}": rmse}
        rows.append([name, str(len(truth)), f"{ccc:.3f}", f"{pearson:.3f}", f"{rmse:.3f}"])
        panels[name] = (truth.tolist(), estimate.tolist(), ccc)
    result = {
        "benchmark": NAME,
        **figures,
        "n": len(faces.valence),
        "seconds": time.monotonic() - began,
    }
    out.mkdir(parents=True, exist_ok=True)
    picture = out / f"{NAME}.png"
    plot_scatter(panels, picture)
    table = Table("Figures", ["rating", "n", "CCC", "Pearson", "RMSE"], rows)
    pictures = {"Estimates over ratings": picture}
    write_page(Page("Valence and arousal from classes", ABOUT, [table], pictures), result, out)
    logger.info("CCC valence %.3f arousal %.3f", result["ccc_valence"], result["ccc_arousal"])
    return result
