"""How well the model's map from classes to valence and arousal holds on other faces' ratings."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora import affectnet
from emotion_recognition.emotions import EMOTIONS, canonical
from emotion_recognition.model.emotion_model import NETWORK_FILE, WEIGHTS
from emotion_recognition.model.network import load_network

logger = logging.getLogger(__name__)


def concordance(truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]) -> float:
    """Return the concordance correlation coefficient (Lin 1989): 1 for equal series (N,), N > 1."""
    covariance = ((truth - truth.mean()) * (estimate - estimate.mean())).mean()
    spread = truth.var() + estimate.var() + (truth.mean() - estimate.mean()) ** 2
    return float(2 * covariance / spread) if spread > 0 else 1.0


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
        out: Folder for ``valence-arousal.json``.

    Returns:
        ``ccc_valence``, ``ccc_arousal``, ``n`` and ``seconds``, as written.

    Raises:
        CheckpointError: the shipped network is missing or corrupt.
        FileNotFoundError: the ratings are missing.
    """
    began = time.monotonic()
    network, _ = load_network(WEIGHTS / NETWORK_FILE)
    faces = affectnet.rated_faces(data, 2)
    estimates = emotion_shares(faces) @ network.heads.ratings.double().numpy()
    result = {
        "ccc_valence": concordance(faces.valence, estimates[:, 0]),
        "ccc_arousal": concordance(faces.arousal, estimates[:, 1]),
        "n": len(faces.valence),
        "seconds": time.monotonic() - began,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "valence-arousal.json").write_text(json.dumps(result, indent=2) + "\n")
    logger.info("CCC valence %.3f arousal %.3f", result["ccc_valence"], result["ccc_arousal"])
    return result
