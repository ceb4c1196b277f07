"""Turns a video clip into a ROS 2 bag, as a camera and a microphone would have been recorded."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from tqdm import tqdm

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.bags.clip import CLIP_EPOCH_NS, SAMPLE_RATE, clip_duration_s, read_clip
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    typestore,
)

IMAGE_TOPIC = "/camera/image_raw"
COMPRESSED_TOPIC = "/camera/image_raw/compressed"
AUDIO_TOPIC = "/audio_stamped"
AUDIO_INFO_TOPIC = "/audio_info"
MICROPHONE = "microphone"  # frame_id of the sound

_STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
# Written as strings of numbers, as every distribution from Humble on reads them.
_METADATA_VERSION: Literal[8] = 8
_FOREVER = QosTime(0, 0)


def make_bag(
    clip: Path,
    out: Path,
    *,
    storage: str = "mcap",
    compressed: bool = False,
    quality: int = 90,
    force: bool = False,
) -> None:
    """Write the frames and the sound of ``clip`` into the bag folder ``out``.

    Topics: the image (``sensor_msgs/Image``, bgr8, or JPEG), ``/audio_stamped`` and ``/audio_info``
    (released ``audio_common_msgs``; 16 kHz mono S16LE in chunks of 20 ms). The clip begins at
    sensor time 1 s. The folder appears under its name only when it is complete.

    Args:
        clip: a video or sound file.
        out: the folder to write.
        storage: "mcap" or "sqlite3".
        compressed: whether to write the frames as JPEG.
        quality: JPEG quality, 1 to 100.
        force: whether to replace an existing bag.

    Raises:
        ValueError: ``storage`` or ``quality`` is out of range.
        RecordingError: the clip cannot be read, or ``out`` exists.
    """
    if storage not in _STORAGES:
        raise ValueError(f"storage '{storage}': expected one of {', '.join(_STORAGES)}")
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality {quality}: expected 1 to 100")
    if is_bag(clip):
        raise RecordingError(f"{clip} is a bag already: expected a video or sound file")
    duration = clip_duration_s(clip)  # also finds an unreadable clip before anything is written
    with _completed(out, force) as folder:
        writer = Writer(folder, version=_METADATA_VERSION, storage_plugin=_STORAGES[storage])
        writer.set_custom_data("clip", clip.name)
        with writer, _progress(duration) as progress:
            _write(writer, clip, quality if compressed else None, progress)


def _write(writer: Writer, clip: Path, quality: int | None, progress: "tqdm[Any]") -> None:
    topics = _Topics(writer)
    for event in read_clip(clip):
        if isinstance(event, FrameEvent):
            if quality is None:
                topics.write(IMAGE_TOPIC, IMAGE, event.received_ns, _raw_image(event))
            else:
                image = _jpeg_image(event, quality)
                topics.write(COMPRESSED_TOPIC, COMPRESSED_IMAGE, event.received_ns, image)
        else:
            if AUDIO_TOPIC not in topics.connections:
                info = _make(
                    AUDIO_INFO,
                    channels=1,
                    sample_rate=SAMPLE_RATE,
                    sample_format="S16LE",
                    bitrate=SAMPLE_RATE * 16,
                    coding_format="wave",
                )
                topics.write(AUDIO_INFO_TOPIC, AUDIO_INFO, event.received_ns, info, latched=True)
            sound = _sound(event.chunk)
            topics.write(AUDIO_TOPIC, AUDIO_DATA_STAMPED, event.received_ns, sound)
        seconds = (event.received_ns - CLIP_EPOCH_NS) / 1e9
        progress.update(max(0.0, seconds - progress.n))


class _Topics:
    """The topics of the bag, each declared with its first message."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.connections: dict[str, Any] = {}

    def write(
        self, topic: str, msgtype: str, stamp_ns: int, message: Any, *, latched: bool = False
    ) -> None:
        if topic not in self.connections:
            self.connections[topic] = self._writer.add_connection(
                topic, msgtype, typestore=typestore(), offered_qos_profiles=[_qos(latched)]
            )
        data = typestore().serialize_cdr(message, msgtype)
        self._writer.write(self.connections[topic], stamp_ns, data)


def _qos(latched: bool) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        1 if latched else 10,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )


def _make(msgtype: str, **fields: Any) -> Any:
    return typestore().types[msgtype](**fields)


def _header(stamp_ns: int, frame_id: str) -> Any:
    stamp = _make(
        "builtin_interfaces/msg/Time",
        sec=stamp_ns // 1_000_000_000,
        nanosec=stamp_ns % 1_000_000_000,
    )
    return _make("std_msgs/msg/Header", stamp=stamp, frame_id=frame_id)


def _raw_image(frame: FrameEvent) -> Any:
    pixels = frame.image()
    height, width, _ = pixels.shape
    return _make(
        IMAGE,
        header=_header(frame.stamp_ns, frame.frame_id),
        height=height,
        width=width,
        encoding="bgr8",
        is_bigendian=0,
        step=3 * width,
        data=pixels.reshape(-1),
    )


def _jpeg_image(frame: FrameEvent, quality: int) -> Any:
    _, data = cv2.imencode(".jpg", frame.image(), (cv2.IMWRITE_JPEG_QUALITY, quality))
    header = _header(frame.stamp_ns, frame.frame_id)
    return _make(
        COMPRESSED_IMAGE, header=header, format="bgr8; jpeg compressed bgr8", data=data.reshape(-1)
    )


def _sound(chunk: AudioChunk) -> Any:
    # Exact: the samples of a clip have 16 bits.
    pcm = np.rint(chunk.samples * 32768.0).clip(-32768, 32767).astype("<i2")
    return _make(
        AUDIO_DATA_STAMPED,
        header=_header(chunk.stamp_ns, MICROPHONE),
        audio=_make(AUDIO_DATA, data=np.frombuffer(pcm.tobytes(), np.uint8)),
    )


def _progress(duration_s: float | None) -> "tqdm[Any]":
    total = None if duration_s is None else round(duration_s, 2)
    bar = "{desc}: {percentage:3.0f}% |{bar}| {n:.1f} of {total} s, {elapsed}"
    # Shown on a terminal only.
    return tqdm(total=total, desc="make-bag", bar_format=bar if total else None, disable=None)


@contextmanager
def _completed(out: Path, force: bool) -> Iterator[Path]:
    """Give a folder to fill beside ``out``; move it to ``out`` once all went well."""
    if out.exists():
        if not force:
            raise RecordingError(
                f"{out} exists: give another name, or allow to overwrite (--force)"
            )
        if not (out / "metadata.yaml").is_file():
            raise RecordingError(f"{out} exists and is no bag: it is not overwritten")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".make-bag-", dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        yield folder
        if out.exists():
            shutil.move(out, Path(scratch) / "replaced")
        folder.rename(out)
