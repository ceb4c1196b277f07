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

"""Makes small clips and bags for the tests of recordings."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    AUDIO_STAMPED,
    COMPRESSED_IMAGE,
    IMAGE,
    AudioDialect,
    typestore,
)

SECOND = 1_000_000_000
TONE_HZ = 440


def picture(index: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A BGR picture that differs from that of every other index."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = 5 * index % 256
    image[:, : width // 2, 1] = 200
    image[: height // 2, :, 2] = 100
    return image


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """(n, channels) int16, half of full scale."""
    wave = np.sin(2 * np.pi * TONE_HZ * np.arange(int(seconds * rate)) / rate)
    return np.repeat((wave * 16384).astype(np.int16)[:, None], channels, axis=1)


def make_clip(
    path: Path,
    seconds: float = 2.0,
    *,
    video_codec: str | None = "ffv1",
    sound_codec: str | None = "pcm_s16le",
    fps: int = 25,
    rate: int = 48_000,
    channels: int = 2,
    sound_begins: float = 0.0,
    sound_gap: tuple[float, float] | None = None,
) -> Path:
    """Write a clip with numbered pictures and a tone; the gap is left out of the sound."""
    layout = "stereo" if channels == 2 else "mono"
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(video_codec, rate=fps) if video_codec else None
        sound: Any = (
            container.add_stream(sound_codec, rate=rate, layout=layout) if sound_codec else None
        )
        if video:
            video.width, video.height = 64, 48
            video.pix_fmt = "bgr0" if video_codec == "ffv1" else "yuv420p"
            for index in range(int(seconds * fps)):
                frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24")
                frame.pts, frame.time_base = index, Fraction(1, fps)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if sound:
            samples = tone(seconds - sound_begins, rate, channels)
            for begin in range(0, len(samples) - 1023, 1024):
                time = sound_begins + begin / rate
                if sound_gap and sound_gap[0] <= time < sound_gap[1]:
                    continue
                block = samples[begin : begin + 1024].reshape(1, -1)
                piece = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
                piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
                piece.pts = round(time * rate)
                container.mux(sound.encode(piece))
            container.mux(sound.encode(None))
    return path


def message(msgtype: str, dialect: AudioDialect = AudioDialect.RELEASED, **fields: Any) -> Any:
    return typestore(dialect).types[msgtype](**fields)


def header(stamp_ns: int, frame_id: str = "frame") -> Any:
    time = message("builtin_interfaces/msg/Time", sec=stamp_ns // SECOND, nanosec=stamp_ns % SECOND)
    return message("std_msgs/msg/Header", stamp=time, frame_id=frame_id)


def image(stamp_ns: int, index: int = 0, encoding: str = "bgr8") -> Any:
    pixels = picture(index)
    return message(
        IMAGE,
        header=header(stamp_ns),
        height=48,
        width=64,
        encoding=encoding,
        is_bigendian=0,
        step=192,
        data=pixels.reshape(-1),
    )


def compressed_image(stamp_ns: int) -> Any:
    data = np.zeros(10, np.uint8)
    return message(COMPRESSED_IMAGE, header=header(stamp_ns), format="jpeg", data=data)


def pcm(samples: np.ndarray) -> np.ndarray:
    return np.frombuffer(samples.astype("<i2").tobytes(), np.uint8)


def audio_data(samples: np.ndarray) -> Any:
    return message(AUDIO_DATA, data=pcm(samples))


def audio_stamped(stamp_ns: int, samples: np.ndarray) -> Any:
    return message(AUDIO_DATA_STAMPED, header=header(stamp_ns), audio=audio_data(samples))


def audio_info(coding: str = "wave", rate: int = 8000, channels: int = 2) -> Any:
    return message(
        AUDIO_INFO,
        channels=channels,
        sample_rate=rate,
        sample_format="S16LE",
        bitrate=0,
        coding_format=coding,
    )


def source_audio(stamp_ns: int, samples: np.ndarray, rate: int = 16_000) -> Any:
    """A message of the other package named audio_common_msgs: float samples, PortAudio format 1."""
    dialect = AudioDialect.SOURCE
    data = message(
        AUDIO_DATA,
        dialect,
        float32_data=samples.astype(np.float32),
        int32_data=np.zeros(0, np.int32),
        int16_data=np.zeros(0, np.int16),
        int8_data=np.zeros(0, np.int8),
        uint8_data=np.zeros(0, np.uint8),
    )
    info = message(AUDIO_INFO, dialect, format=1, channels=1, rate=rate, chunk=len(samples))
    audio = message("audio_common_msgs/msg/Audio", dialect, audio_data=data, info=info)
    return message(AUDIO_STAMPED, dialect, header=header(stamp_ns), audio=audio)


def write_bag(
    path: Path,
    messages: Iterable[tuple[str, int, Any]],
    storage: StoragePlugin = StoragePlugin.MCAP,
    dialect: AudioDialect = AudioDialect.RELEASED,
    compression: CompressionMode = CompressionMode.NONE,
) -> Path:
    """Write messages given as (topic, time of arrival, message)."""
    store = typestore(dialect)
    connections: dict[tuple[str, str], Any] = {}
    writer = Writer(path, version=8, storage_plugin=storage)
    writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        for topic, received_ns, content in messages:
            key = (topic, content.__msgtype__)
            if key not in connections:
                connections[key] = writer.add_connection(*key, typestore=store)
            data = store.serialize_cdr(content, content.__msgtype__)
            writer.write(connections[key], received_ns, data)
    return path


def write_ros1_bag(
    path: Path,
    messages: Iterable[tuple[str, int, Any]],
    compression: Ros1Writer.CompressionFormat | None = None,
) -> Path:
    """Write messages given as (topic, time of arrival, message of ROS 2) as a ROS 1 bag."""
    store = get_typestore(Stores.ROS1_NOETIC)
    types = {}
    for name, text in _ROS1_SOUND.items():
        types.update(get_types_from_msg(text, name))
    store.register(types)

    def converted(content: Any) -> Any:
        if not hasattr(content, "__msgtype__"):
            return content
        fields = {key: converted(value) for key, value in vars(content).items()}
        if content.__msgtype__ == "std_msgs/msg/Header":
            fields["seq"] = 7
        return store.types[content.__msgtype__](**fields)

    writer = Ros1Writer(path)
    if compression is not None:
        writer.set_compression(compression)
    connections: dict[str, Any] = {}
    with writer:
        for topic, received_ns, content in messages:
            msgtype = content.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, msgtype, typestore=store)
            data = store.serialize_ros1(converted(content), msgtype)
            writer.write(connections[topic], received_ns, data)
    return path


_ROS1_SOUND = {
    AUDIO_DATA: "uint8[] data",
    AUDIO_DATA_STAMPED: "std_msgs/Header header\naudio_common_msgs/AudioData audio",
    AUDIO_INFO: (
        "uint8 channels\nuint32 sample_rate\nstring sample_format\n"
        "uint32 bitrate\nstring coding_format"
    ),
}
