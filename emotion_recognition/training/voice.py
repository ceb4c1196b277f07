"""Train the audio branch: on CREMA-D first, then on RAVDESS for each fold and for deployment.

``python -m emotion_recognition.training.voice --data DIR --features FILE --out DIR`` writes
``pretrained``, ``voice_fold1`` to ``voice_fold6`` and ``voice_all`` (.safetensors). A file that is
already there is not trained again, so an interrupted run goes on where it stopped.
"""

import argparse
import logging
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import LOG_MEL, AudioBranch
from emotion_recognition.training.augment import mix, random_windows
from emotion_recognition.training.optimise import (
    AveragedModel,
    descend,
    intensity_loss,
    one_cycle,
    soft_cross_entropy,
)
from emotion_recognition.training.voice_data import (
    VoiceSet,
    crema_d_voices,
    ravdess_voices,
    read_features,
)

logger = logging.getLogger(__name__)

INTENSITY_SHARE = 0.2
"""Weight of the intensity loss beside the class loss."""


class VoiceClassifier(nn.Module):
    """The audio branch with heads of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = AudioBranch()
        self.drop = nn.Dropout(0.3)
        self.classes = nn.Linear(AudioBranch.SIZE, len(EMOTIONS))
        self.intensity = nn.Linear(AudioBranch.SIZE, 1)

    def forward(self, audio: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64) and mask to class logits (B, 8) and intensity logits (B,)."""
        features = self.drop(self.branch(audio, mask))
        return self.classes(features), self.intensity(features)[:, 0]


def set_statistics(branch: AudioBranch, voices: VoiceSet) -> None:
    """Set the branch's input scaling to the log-mel statistics of all frames of ``voices``."""
    valid = torch.arange(voices.frames.shape[1])[None] < voices.lengths[:, None]
    frames = voices.frames[valid][:, :LOG_MEL].float()
    branch.mean.copy_(frames.mean(dim=0))
    branch.std.copy_(frames.std(dim=0))


def train(
    model: VoiceClassifier,
    voices: VoiceSet,
    epochs: int,
    peak_rate: float,
    seed: int,
    batch: int = 32,
    smoothing: float = 0.1,
    title: str = "voice",
) -> VoiceClassifier:
    """Train ``model`` in place for a fixed number of epochs; return its averaged weights."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    per_epoch = len(voices) // batch
    optimiser, schedule = one_cycle(model, peak_rate, epochs * per_epoch)
    average = AveragedModel(model, decay=0.998)
    model.train()
    progress = tqdm(total=epochs * per_epoch, desc=title, mininterval=5)
    for _ in range(epochs):
        order = torch.randperm(len(voices), generator=generator)
        for rows in order[: per_epoch * batch].view(per_epoch, batch):
            windows, mask = random_windows(voices.frames[rows], voices.lengths[rows], generator)
            windows, mask, partner, share = mix(windows, mask, generator)
            targets = voices.targets[rows]
            targets = share[:, None] * targets + (1 - share[:, None]) * targets[partner]
            with torch.autocast("cpu", torch.bfloat16):
                logits, intensity = model(windows, mask)
            loss = soft_cross_entropy(logits.float(), targets, smoothing)
            loss += INTENSITY_SHARE * intensity_loss(intensity.float(), voices.intensity[rows])
            descend(loss, model, optimiser, schedule, average)
            progress.update()
        progress.set_postfix(loss=f"{loss.item():.3f}")
    progress.close()
    return average.model


@torch.inference_mode()
def score(model: VoiceClassifier, voices: VoiceSet) -> Tensor:
    """Class logits (N, 8) of the clips, each through one window around its middle."""
    model.eval()
    windows, masks = voices.centre_windows()
    batches = zip(windows.split(64), masks.split(64), strict=True)
    return torch.cat([model(*batch)[0] for batch in batches])


def _accuracy(model: VoiceClassifier, voices: VoiceSet) -> float:
    return (score(model, voices).argmax(dim=1) == voices.labels).float().mean().item()


def main(arguments: list[str] | None = None) -> None:
    """Train every stage that ``--out`` does not hold yet."""
    parser = argparse.ArgumentParser(description="Train the audio branch.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--features", type=Path, required=True, help="cache of voice_features")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--pretrain-epochs", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=48)
    parser.add_argument(
        "--folds", type=int, nargs="*", default=[1, 2, 3, 4, 5, 6, 0], help="0 is deployment"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    features = read_features(options.features)
    speech = ravdess_voices(ravdess.speech_clips(options.data), features)

    start = options.out / "pretrained.safetensors"
    if not start.exists():
        model = VoiceClassifier()
        voices = crema_d_voices(crema_d.clips(options.data), features)
        set_statistics(model.branch, voices)
        began = time.monotonic()
        average = train(model, voices, options.pretrain_epochs, 3e-3, seed=0, batch=64)
        logger.info("pre-trained in %.0f s", time.monotonic() - began)
        save_file(average.state_dict(), start)
        logger.info("CREMA-D training accuracy %.3f", _accuracy(average, voices))
    for fold in options.folds:
        name = f"voice_fold{fold}" if fold else "voice_all"
        path = options.out / f"{name}.safetensors"
        if path.exists():
            continue
        model = VoiceClassifier()
        model.load_state_dict(load_file(start))
        test = ravdess.FOLDS[fold - 1] if fold else ()
        held = ravdess.validation_actors(fold - 1) if fold else ()
        training = tuple(a for a in ravdess.ACTORS if a not in test + held)
        began = time.monotonic()
        voices = speech.by_actors(training)
        set_statistics(model.branch, voices)
        average = train(model, voices, options.epochs, 1.5e-3, seed=fold, title=name)
        save_file(average.state_dict(), path)
        logger.info(
            "%s in %.0f s: validation %.4f test %.4f",
            name,
            time.monotonic() - began,
            _accuracy(average, speech.by_actors(held)) if held else float("nan"),
            _accuracy(average, speech.by_actors(test)) if test else float("nan"),
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main()
