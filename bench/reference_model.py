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

"""The common published design, written from its formulas, to compare the cost of an update with.

At each step it encodes a whole window anew: 15 faces of 224x224 pixels by a network of the size of
EfficientFace, temporal convolutions on their vectors, convolutions on the MFCC of the sound, and
attention between the streams' intermediate features. Its weights are random: only its cost counts.

Sources:

- Zhao, Liu and Zhou, "Robust lightweight facial expression recognition network with label
  distribution training" (EfficientFace, AAAI 2021): a ShuffleNet-V2 body with a local feature
  extractor and a channel-spatial modulator, 1.28 M parameters, 154 M multiply-adds a face.
- Ma, Zhang, Zheng and Sun, "ShuffleNet V2" (ECCV 2018), section 3.3: the unit and the widths 116,
  232, 464 and 1024 of size 1.0; 29 channels after the first convolution, as EfficientFace has.
- Woo, Park, Lee and Kweon, "CBAM" (ECCV 2018): gates by channel and by place, here depthwise.
- Chumachenko, Iosifidis and Gabbouj, "Self-attention fusion for audiovisual emotion recognition
  with incomplete data" (ICPR 2022), section III: branches, and attention that reweights.

``python -m bench.reference_model`` says what this one has: 1.28 M parameters and 151 M
multiply-adds a face; with branches and attention 1.81 M parameters and 2286 M a window.
"""

import math

import torch
from torch import Tensor, nn

FACES = 15
FACE_SIZE = 224
MFCC_SIZE = 10
CLASSES = 8
_WIDTHS = (29, 116, 232, 464)
_UNITS = (4, 8, 4)
_VECTOR = 1024


def _step(
    width: int, out_width: int, size: int = 1, stride: int = 1, depthwise: bool = False
) -> list[nn.Module]:
    groups = width if depthwise else 1
    convolution = nn.Conv2d(width, out_width, size, stride, size // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(out_width)] + ([] if depthwise else [nn.ReLU(inplace=True)])


class ShuffleUnit(nn.Module):
    """ShuffleNet V2's unit (figure 3c, d): half of the channels pass, or all are halved in size."""

    def __init__(self, width: int, out_width: int, stride: int) -> None:
        super().__init__()
        half = out_width // 2
        self.splits = stride == 1
        entering = half if self.splits else width
        self.main = nn.Sequential(
            *_step(entering, half),
            *_step(half, half, 3, stride, depthwise=True),
            *_step(half, half),
        )
        self.side = (
            nn.Identity()
            if self.splits
            else nn.Sequential(*_step(width, width, 3, stride, depthwise=True), *_step(width, half))
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, out_width, H / stride, W / stride) of (N, width, H, W)."""
        passed, worked = images.chunk(2, dim=1) if self.splits else (images, images)
        joined = torch.stack([self.side(passed), self.main(worked)], dim=2)
        return joined.flatten(1, 2)  # the shuffle: channels of both halves take turns


class LocalFeatures(nn.Module):
    """Depthwise-separable convolutions on each quarter of the face by itself."""

    def __init__(self, width: int, out_width: int) -> None:
        super().__init__()
        self.patches = nn.ModuleList(
            nn.Sequential(
                *_step(width, width, 3, 2, depthwise=True),
                *_step(width, out_width),
                *_step(out_width, out_width, 3, depthwise=True),
            )
            for _ in range(4)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, out_width, H / 2, W / 2) of (N, width, H, W)."""
        quarters = [part for row in images.chunk(2, dim=2) for part in row.chunk(2, dim=3)]
        upper_left, upper_right, lower_left, lower_right = (
            patch(quarter) for patch, quarter in zip(self.patches, quarters, strict=True)
        )
        upper = torch.cat([upper_left, upper_right], dim=3)
        return torch.cat([upper, torch.cat([lower_left, lower_right], dim=3)], dim=2)


class Modulator(nn.Module):
    """Gates by channel and by place, both of depthwise convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.places = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, images: Tensor) -> Tensor:
        """Scale (N, width, H, W) by both gates."""
        images = images * self.channels(images).mean(dim=(2, 3), keepdim=True).sigmoid()
        summary = torch.cat([images.mean(1, keepdim=True), images.amax(1, keepdim=True)], dim=1)
        gated: Tensor = images * self.places(summary).sigmoid()
        return gated


class FrameNetwork(nn.Module):
    """A face (N, 3, 224, 224) in, a vector (N, 1024) out; the size of EfficientFace."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_step(3, _WIDTHS[0], 3, stride=2), nn.MaxPool2d(3, 2, 1))
        self.local = LocalFeatures(_WIDTHS[0], _WIDTHS[1])
        self.stages = nn.ModuleList(
            nn.Sequential(
                ShuffleUnit(width, out_width, 2),
                *(ShuffleUnit(out_width, out_width, 1) for _ in range(units - 1)),
            )
            for width, out_width, units in zip(_WIDTHS[:-1], _WIDTHS[1:], _UNITS, strict=True)
        )
        self.modulator = Modulator(_WIDTHS[1])
        self.last = nn.Sequential(*_step(_WIDTHS[-1], _VECTOR))

    def forward(self, faces: Tensor) -> Tensor:
        """Encode faces."""
        features = self.stem(faces)
        features = self.modulator(self.stages[0](features)) + self.local(features)
        for stage in self.stages[1:]:
            features = stage(features)
        vectors: Tensor = self.last(features).mean(dim=(2, 3))
        return vectors


class IntermediateAttention(nn.Module):
    """One weight for each step of a stream, by what the other stream asks for.

    ``softmax(asking W_q W_k^T offered^T / sqrt(d_k))`` over the offered steps, summed over those
    that ask. Nothing but weights crosses over.
    """

    def __init__(self, asking: int, offered: int, size: int = 64) -> None:
        super().__init__()
        self.query = nn.Linear(asking, size, bias=False)
        self.key = nn.Linear(offered, size, bias=False)

    def forward(self, asking: Tensor, offered: Tensor) -> Tensor:
        """Return (B, K) weights for the steps of ``offered`` (B, C, K), by ``asking`` (B, D, Q)."""
        queries, keys = self.query(asking.transpose(1, 2)), self.key(offered.transpose(1, 2))
        scores = queries @ keys.transpose(1, 2) / math.sqrt(queries.shape[2])
        return scores.softmax(dim=2).sum(dim=1)


class ReferenceModel(nn.Module):
    """The whole design: a window's faces and MFCC in, class scores out."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = FrameNetwork()
        self.video_one = _temporal(_VECTOR, 64, 64, pool=False)
        self.video_two = _temporal(64, 128, 128, pool=False)
        self.audio_one = _temporal(MFCC_SIZE, 64, 128, pool=True)
        self.audio_two = _temporal(128, 256, 128, pool=True)
        self.on_audio = IntermediateAttention(64, 128)
        self.on_video = IntermediateAttention(128, 64)
        self.classes = nn.Linear(128 + 128, CLASSES)

    def forward(self, faces: Tensor, mfcc: Tensor) -> Tensor:
        """Judge one window.

        Args:
            faces: (15, 3, 224, 224) float32 in [0, 1], RGB.
            mfcc: (10, T) float32.

        Returns:
            (8,) scores of the classes.
        """
        video = self.video_one(self.frames(faces).T[None])
        audio = self.audio_one(mfcc[None])
        weights_of_audio, weights_of_video = (
            self.on_audio(video, audio),
            self.on_video(audio, video),
        )
        audio = self.audio_two(audio * weights_of_audio[:, None]).mean(dim=2)
        video = self.video_two(video * weights_of_video[:, None]).mean(dim=2)
        scores: Tensor = self.classes(torch.cat([audio, video], dim=1))[0]
        return scores


def _temporal(width: int, middle: int, out: int, pool: bool) -> nn.Sequential:
    """Two blocks of convolution over time, normalisation, ReLU and, for sound, pooling."""
    layers: list[nn.Module] = []
    for entering, leaving in ((width, middle), (middle, out)):
        layers += [nn.Conv1d(entering, leaving, 3, padding=1), nn.BatchNorm1d(leaving), nn.ReLU()]
        layers += [nn.MaxPool1d(2)] if pool else []
    return nn.Sequential(*layers)


def build_reference() -> ReferenceModel:
    """Return the model ready for inference, with random weights, the same ones each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ReferenceModel().eval()


def count(network: nn.Module, *inputs: Tensor) -> tuple[int, int]:
    """Return the parameters of a network, and the multiply-adds of its convolutions and layers."""
    operations = 0

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal operations
        assert isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)
        operations += output.numel() * layer.weight[0].numel()

    hooks = [
        layer.register_forward_hook(note)
        for layer in network.modules()
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)
    ]
    with torch.inference_mode():
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return sum(parameter.numel() for parameter in network.parameters()), operations


def main() -> None:
    """Print the model's size."""
    model = build_reference()
    faces, mfcc = torch.zeros(FACES, 3, FACE_SIZE, FACE_SIZE), torch.zeros(MFCC_SIZE, 225)
    for name, size in (
        ("frame network, a face", count(model.frames, faces[:1])),
        ("whole model, a window", count(model, faces, mfcc)),
    ):
        print(f"{name}: {size[0] / 1e6:.2f} M parameters, {size[1] / 1e6:.0f} M multiply-adds")


if __name__ == "__main__":
    main()
