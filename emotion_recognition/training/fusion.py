"""Train the fusion of voice and face for each fold and for deployment, and write the weights.

``python -m emotion_recognition.training.fusion --data DIR --features FILE --voice DIR
--encoder FILE --out DIR`` takes the audio branches that ``training.voice`` wrote and a frame
encoder, and writes ``emotion_network.safetensors`` and ``folds/ravdess_fold1.safetensors`` to 6.

The audio branch and its heads stay as they were trained, so that a voice without a face is judged
exactly as the audio branch was measured. What is trained is the visual branch, its head and the
attention: on windows with both streams and, as often, with the sound left out (modality dropout;
windows without a face would train nothing).
"""

import argparse
import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from emotion_recognition.corpora import affectnet, ravdess
from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import AudioBranch
from emotion_recognition.model.checkpoint import checkpoint_sha256, save_checkpoint
from emotion_recognition.model.frame_encoder import load_frame_encoder
from emotion_recognition.model.network import KIND, EmotionNetwork, TwoStreamNetwork, config_entries
from emotion_recognition.training.augment import random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.face_sequences import (
    FaceBank,
    at_most,
    build_bank,
    compose,
    draw_faces,
    join_banks,
)
from emotion_recognition.training.optimise import (
    AveragedModel,
    descend,
    one_cycle,
    soft_cross_entropy,
)
from emotion_recognition.training.valence_arousal import emotion_ratings, fit_ratings
from emotion_recognition.training.voice import VoiceClassifier
from emotion_recognition.training.voice_data import VoiceSet, ravdess_voices, read_features

logger = logging.getLogger(__name__)

LICENCE = (
    "CC BY-NC-SA 4.0 (trained on RAVDESS, CC BY-NC-SA 4.0, CREMA-D, ODbL 1.0, and FER+ faces, "
    "research use)"
)


FACES_OF_EMOTION = 2500
"""Most FER+ training faces of one emotion that are used."""

ALONE_WEAKEST = 0.4
"""How little of its emotion a face may show in a window without sound.

In a window with sound it may show nothing at all, so that the network learns not to take a quiet
face for proof against a moved voice.
"""


@dataclass(frozen=True)
class Sounds:
    """Stage-one features (N, 128, S) float16 of audio windows, masks (N, S), labels (N,)."""

    features: Tensor
    mask: Tensor
    labels: Tensor


@torch.inference_mode()
def listen(network: TwoStreamNetwork, voices: VoiceSet, versions: int, seed: int) -> Sounds:
    """Run stage one of the audio branch on augmented versions of the clips; 0: on their middle."""
    network.eval()
    generator = torch.Generator().manual_seed(seed)
    windows: Iterable[tuple[Tensor, Tensor]]
    if versions:
        rows = torch.arange(len(voices)).repeat(versions).split(64)
        clips = ((voices.frames[part], voices.lengths[part]) for part in rows)
        windows = (random_windows(*clip, generator) for clip in clips)
    else:
        middle, masks = voices.centre_windows()
        windows = zip(middle.split(64), masks.split(64), strict=True)
    heard = [network.audio.stage_one(*window) for window in windows]
    return Sounds(
        torch.cat([features.half() for features, _ in heard]).clone(),
        torch.cat([mask for _, mask in heard]).clone(),
        voices.labels.repeat(max(versions, 1)),
    )


def start_network(voice: Path) -> EmotionNetwork:
    """Build a network whose audio branch and heads are those of a trained voice classifier."""
    classifier = VoiceClassifier()
    classifier.load_state_dict(load_file(voice))
    network = EmotionNetwork()
    network.audio.load_state_dict(classifier.branch.state_dict())
    network.heads.audio_classes.load_state_dict(classifier.classes.state_dict())
    network.heads.intensity.load_state_dict(classifier.intensity.state_dict())
    return network


def silence(batch: int) -> tuple[Tensor, Tensor]:
    """Stage-one features and mask of no sound at all, as short as the audio branch takes it."""
    return torch.zeros(batch, AudioBranch.STAGE_ONE_SIZE, 2), torch.zeros(batch, 2).bool()


def train(
    network: EmotionNetwork, sounds: Sounds, faces: FaceBank, steps: int, seed: int, title: str
) -> EmotionNetwork:
    """Train all but the audio branch and its heads in place; return the averaged network."""
    pairs, alone, smoothing = 48, 48, 0.05
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    frozen = (network.audio, network.heads.audio_classes, network.heads.intensity)
    for module in frozen:
        module.requires_grad_(False)
    network.train()
    network.audio.eval()
    optimiser, schedule = one_cycle(network, 2e-3, steps)
    average = AveragedModel(network, decay=0.995)
    # The root evens out the emotions: faces of disgust are ten times rarer than neutral ones.
    frequency = torch.bincount(faces.labels, minlength=len(EMOTIONS)).float()
    chance = (frequency.clamp(min=1).rsqrt() * (frequency > 0))[faces.labels]
    for _ in tqdm(range(steps), desc=title, mininterval=5):
        rows = torch.randint(len(sounds.labels), (pairs,), generator=generator)
        labels = sounds.labels[rows]
        suited = draw_faces(faces, labels, generator)
        single = torch.multinomial(chance, alone, replacement=True, generator=generator)
        apex = torch.cat([suited, single])
        acted = functional.one_hot(labels, len(EMOTIONS)).float()
        weakest = torch.cat([torch.full((pairs,), 0.0), torch.full((alone,), ALONE_WEAKEST)])
        with torch.autocast("cpu", torch.bfloat16):
            sight, seen = network.video.stage_one(*compose(faces, apex, weakest, generator))
            heard = sounds.features[rows].float(), sounds.mask[rows]
            both = network.fuse(*heard, sight[:pairs], seen[:pairs])
            face = network.fuse(*silence(alone), sight[pairs:], seen[pairs:])
        loss = soft_cross_entropy(both.logits.float(), acted, smoothing)
        loss += soft_cross_entropy(face.logits.float(), faces.targets[single], smoothing)
        descend(loss, network, optimiser, schedule, average)
    return average.model


@torch.inference_mode()
def temperatures(
    network: EmotionNetwork, sounds: Sounds, faces: FaceBank
) -> tuple[dict[str, float], dict[str, float]]:
    """Fit the temperatures for ``audio``, ``video`` and ``both`` on held-out voices and faces.

    Returns:
        The temperatures, and the accuracies on the same windows (simulated where a face is in it).
    """
    network.eval()
    generator = torch.Generator().manual_seed(0)
    pairs = draw_faces(faces, sounds.labels, generator)
    sight, sight_mask = network.video.stage_one(
        *compose(faces, pairs, torch.zeros(len(pairs)), generator)
    )
    heard = sounds.features.float()
    everyone = torch.arange(len(faces.labels))
    full = torch.full((len(everyone),), ALONE_WEAKEST)
    seen, seen_mask = network.video.stage_one(*compose(faces, everyone, full, generator))
    logits = {
        "audio": network.fuse(heard, sounds.mask, sight, sight_mask & False).logits,
        "video": network.fuse(*silence(len(everyone)), seen, seen_mask).logits,
        "both": network.fuse(heard, sounds.mask, sight, sight_mask).logits,
    }
    truth = {"audio": sounds.labels, "video": faces.targets, "both": sounds.labels}
    hard = {**truth, "video": faces.targets.argmax(dim=1)}
    return (
        {name: fit_temperature(logits[name], truth[name]) for name in logits},
        {name: (logits[name].argmax(dim=1) == hard[name]).float().mean().item() for name in logits},
    )


def main(arguments: list[str] | None = None) -> None:
    """Train all folds and the deployed network."""
    parser = argparse.ArgumentParser(description="Train the fusion of voice and face.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--features", type=Path, required=True, help="cache of voice_features")
    parser.add_argument("--voice", type=Path, required=True, help="output folder of voice")
    parser.add_argument("--encoder", type=Path, required=True, help="frame encoder (.safetensors)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    parser.add_argument(
        "--id", default="ravdess-cremad-ferplus-2026.11", help="name of the weights"
    )
    parser.add_argument("--steps", type=int, default=200, help="batches for a network")
    parser.add_argument("--versions", type=int, default=2, help="augmented versions of each input")
    parser.add_argument("--folds", type=int, nargs="*", default=[1, 2, 3, 4, 5, 6, 0])
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    began = time.monotonic()

    encoder, _ = load_frame_encoder(options.encoder)
    torch.manual_seed(0)
    trained_on = load_ferplus(options.data / "ferplus", "train")
    new = load_ferplus(options.data / "ferplus", "valid")
    valid = build_bank(encoder, new, options.versions, changed=True)
    order = torch.randperm(len(valid.labels), generator=torch.Generator().manual_seed(0))
    held = build_bank(encoder, new, 1, changed=False).select(order[: len(order) // 2])
    faces = join_banks(
        build_bank(encoder, at_most(trained_on, FACES_OF_EMOTION), options.versions, changed=True),
        valid.select(order[len(order) // 2 :]),
    )
    logger.info("encoded %d faces in %.0f s", len(faces.labels), time.monotonic() - began)

    features = read_features(options.features)
    speech = ravdess_voices(ravdess.speech_clips(options.data), features)
    ratings = emotion_ratings(fit_ratings(affectnet.rated_faces(options.data, 1)))
    fitted: list[dict[str, float]] = []
    for fold in options.folds:
        name = f"voice_fold{fold}" if fold else "voice_all"
        network = start_network(options.voice / f"{name}.safetensors")
        network.heads.ratings.copy_(torch.from_numpy(ratings))
        test = ravdess.FOLDS[fold - 1] if fold else ()
        kept = ravdess.validation_actors(fold - 1) if fold else ()
        actors = tuple(a for a in ravdess.ACTORS if a not in test + kept)
        sounds = listen(network, speech.by_actors(actors), options.versions, seed=fold)
        network = train(network, sounds, faces, options.steps, fold, title=name)
        if fold:
            validation = listen(network, speech.by_actors(kept), 0, seed=0)
            temperature, accuracy = temperatures(network, validation, held)
            fitted.append(temperature)
            logger.info("fold %d: temperature %s, validation %s", fold, temperature, accuracy)
            path = options.out / "folds" / f"ravdess_fold{fold}.safetensors"
        else:  # no actor is left to validate on: what the folds needed on average
            temperature = {key: float(np.mean([fold[key] for fold in fitted])) for key in fitted[0]}
            path = options.out / "emotion_network.safetensors"
        save_checkpoint(
            path,
            network,
            KIND,
            options.id + (f"-fold{fold}" if fold else ""),
            config_entries(network),
            labels=json.dumps(EMOTIONS),
            temperature=json.dumps(temperature),
            frame_encoder_sha256=checkpoint_sha256(options.encoder),
            licence=LICENCE,
        )
    parameters = sum(parameter.numel() for parameter in network.parameters())
    logger.info("%d parameters each; all in %.0f s", parameters, time.monotonic() - began)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main()
