"""Teachers of the voice: two networks that others trained on far more sound than we have.

Both are frozen, and neither was trained on an acted corpus. The speaker encoder (GE2E, Wan et al.
2018, as packaged in ``resemblyzer``: LibriSpeech and VoxCeleb) tells voices apart, the AudioSet
tagger (YAMNet) sounds. Ridge regression from their statistics to the emotions judges unknown
speakers better than the audio branch alone does; the student learns from its judgements, and from
the statistics of the speaker encoder. Neither is needed once the student is trained.
"""

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from torch import Tensor, nn
from tqdm import tqdm

from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError

logger = logging.getLogger(__name__)

Samples = npt.NDArray[np.float32]
Describe = Callable[[Samples], npt.NDArray[np.float32]]

RIDGE = 0.3
"""Added to the diagonal of the kernel, whose entries are about 1 there."""

INNER_FOLDS = 6
"""Folds by actor in which the training clips are judged by a ridge that never heard the speaker."""


def speaker_encoder() -> Describe:
    """Return what describes 16 kHz samples by the statistics of the speaker encoder, (1792,).

    These are the mean and spread over time of its three layers, and the mean of its embeddings.

    Raises:
        ConfigError: the package ``resemblyzer``, which carries the weights, is not installed.
    """
    package = importlib.util.find_spec("resemblyzer")
    if package is None or package.origin is None:
        raise ConfigError("teacher", "needs the package resemblyzer: pip install resemblyzer")
    import librosa  # comes with it

    weights = Path(package.origin).parent / "pretrained.pt"
    state = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
    layers = []
    for index in range(3):
        layer = nn.LSTM(40 if index == 0 else 256, 256, batch_first=True)
        layer.load_state_dict({f"{n}_l0": state[f"lstm.{n}_l{index}"] for n in _LSTM})
        layers.append(layer)
    embed = nn.Linear(256, 256)
    embed.load_state_dict({n: state[f"linear.{n}"] for n in ("weight", "bias")})
    bank = torch.from_numpy(librosa.filters.mel(sr=16000, n_fft=400, n_mels=40))
    window = torch.hann_window(400)

    @torch.inference_mode()
    def describe(samples: Samples) -> npt.NDArray[np.float32]:
        level = 10 ** (-30 / 20) / (float(np.sqrt(np.mean(samples**2))) + 1e-9)
        spectrum = torch.stft(
            torch.from_numpy(samples * np.float32(level)),
            400,
            160,
            window=window,
            return_complex=True,
        )
        steps = (bank @ spectrum.abs().square()).T[None]
        found = []
        for layer in layers:
            steps, _ = layer(steps)
            found += [steps[0].mean(dim=0), steps[0].std(dim=0)]
        found.append(torch.relu(embed(steps[0, ::20])).mean(dim=0))
        return torch.cat(found).numpy()

    return describe


_LSTM = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

_YAMNET_LAYERS = tuple(f"layer{number}/conv" for number in (11, 15, 19, 23, 25))
"""Pointwise convolutions of YAMNet in its second half."""


def audio_tagger(path: Path) -> Describe:
    """Return what describes 16 kHz samples by the statistics of five layers of YAMNet, (16896,).

    Args:
        path: YAMNet as .tflite that takes one patch of log-mel frames (1, 96, 64).

    Raises:
        ConfigError: there is no such file, or ``ai_edge_litert`` is not installed.
    """
    if not path.is_file():
        raise ConfigError("teacher.yamnet", f"found no file '{path}'; allowed: YAMNet as .tflite")
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise ConfigError("teacher.yamnet", "needs ai-edge-litert: pip install ai-edge-litert")
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(path), experimental_preserve_all_tensors=True, num_threads=1)
    network.allocate_tensors()
    entry = network.get_input_details()[0]["index"]
    details = {
        layer: next(
            detail
            for detail in network.get_tensor_details()
            if f"{layer}/Relu6" in detail["name"] and len(detail["shape"]) == 4
        )
        for layer in _YAMNET_LAYERS
    }

    def describe(samples: Samples) -> npt.NDArray[np.float32]:
        patches = []
        for patch in _yamnet_patches(samples / (np.abs(samples).max() + 1e-6)):
            network.set_tensor(entry, patch[None])
            network.invoke()
            found = []
            for detail in details.values():
                scale, zero = detail["quantization"]
                values = network.get_tensor(detail["index"])[0].astype(np.float32)
                values = (values - zero) * (scale or 1.0)
                found += [values.mean(axis=(0, 1)), values.mean(axis=1).std(axis=0)]
            patches.append(np.concatenate(found))
        stacked = np.stack(patches)
        statistics = [stacked.mean(axis=0), stacked.std(axis=0), stacked.max(axis=0)]
        return np.concatenate(statistics).astype(np.float32)

    return describe


def describe_clips(paths: list[Path], describe: Describe, cache: Path) -> Tensor:
    """Describe each clip (16 kHz), as (N, D); what ``cache`` holds of the same clips is taken."""
    names = [path.stem for path in paths]
    if not cache.is_file():
        vectors = []
        for path in tqdm(paths, desc=cache.stem, mininterval=5):
            samples, _ = soundfile.read(path, dtype="float32")
            vectors.append(describe(samples))
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, names=names, vectors=np.stack(vectors))
    with np.load(cache) as stored:
        rows = {str(name): row for row, name in enumerate(stored["names"])}
        if missing := [name for name in names if name not in rows]:
            raise ValueError(f"'{cache}' lacks clips such as {missing[0]}: delete it")
        return torch.from_numpy(stored["vectors"][[rows[name] for name in names]])


def standardised(vectors: Tensor, known: Tensor) -> Tensor:
    """Scale vectors (N, D) by mean and spread of the rows ``known`` (N,) bool, kept in [-5, 5]."""
    mean, spread = vectors[known].mean(dim=0), vectors[known].std(dim=0)
    return ((vectors - mean) / (spread + 1e-3)).clamp(-5, 5)


def judge_unheard(descriptions: list[Tensor], labels: Tensor, actors: Tensor) -> Tensor:
    """Judge each clip by a kernel ridge regression that was fitted without its speaker.

    Args:
        descriptions: Of each teacher (N, D).
        labels: (N,) indices of classes.
        actors: (N,) who speaks.

    Returns:
        Distributions over the classes (N, C), calibrated by one temperature.
    """
    everyone = torch.ones(len(labels), dtype=torch.bool)
    scaled = [standardised(vectors, everyone).double() for vectors in descriptions]
    kernel = sum(v @ v.T / v.shape[1] for v in scaled) / len(scaled)
    assert isinstance(kernel, Tensor)
    targets = nn.functional.one_hot(labels).double()
    scores = torch.zeros_like(targets)
    people = actors.unique()
    for fold in range(min(INNER_FOLDS, len(people))):
        out = torch.isin(actors, people[fold::INNER_FOLDS])
        diagonal = RIDGE * torch.eye(int((~out).sum()), dtype=torch.float64)
        known = kernel[~out][:, ~out] + diagonal
        fitted = torch.linalg.solve(known, targets[~out] - targets[~out].mean(dim=0))
        scores[out] = kernel[out][:, ~out] @ fitted
    logits = (scores / scores.std()).float()
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    logger.info("teachers judge %.3f of the training clips right, by unheard speakers", right)
    return (logits / fit_temperature(logits, labels)).softmax(dim=1)


def _yamnet_patches(samples: Samples) -> npt.NDArray[np.float32]:
    """Log-mel patches (n, 96, 64) at every 0.48 s, as YAMNet was trained on."""
    samples = np.pad(samples, (0, max(0, 16000 - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(401)[:400], 512))
    log_mel = np.log(spectrum @ _yamnet_mel() + 0.001).astype(np.float32)
    log_mel = np.pad(log_mel, ((0, max(0, 96 - len(log_mel))), (0, 0)), mode="edge")
    return np.stack([log_mel[i : i + 96] for i in range(0, len(log_mel) - 95, 48)])


def _yamnet_mel() -> npt.NDArray[np.float64]:
    """64 triangles (257, 64) from 125 to 7500 Hz, evenly spaced in mel = 1127 ln(1 + f / 700)."""
    low, high = 1127 * np.log1p(np.array([125, 7500]) / 700)
    edges = np.linspace(low, high, 66)
    mel = 1127 * np.log1p(np.linspace(0, 8000, 257) / 700)[:, None]
    up = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    weights: npt.NDArray[np.float64] = np.maximum(0, np.minimum(up, down))
    weights[0] = 0  # no constant part
    return weights
