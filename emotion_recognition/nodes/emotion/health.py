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

"""Publishes ``/diagnostics``: gathers what the node's parts count, and has it judged."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType, ROSClock
from rclpy.node import Node

from emotion_recognition.nodes.emotion.pipeline import Pipeline
from emotion_recognition.nodes.watching.diagnostics import (
    STOOD_S,
    Report,
    clock_report,
    device_report,
    estimates_report,
    idle_report,
    lifecycle_report,
    memory_report,
    model_report,
)
from emotion_recognition.nodes.watching.links import look_up
from emotion_recognition.nodes.watching.memory import MemoryWatch, read_memory
from emotion_recognition.nodes.watching.stream_report import StreamState, needs_link, stream_report
from emotion_recognition.nodes.watching.stream_watch import Progress, StreamWatch

ACTIVE = "active"
_SOUND_S, _LEAST_SOUND_S = 10.0, 5.0  # in which the sound that comes is held against the time
_FAILURES_S = 10.0  # a failure is told of for longer than the worker rests after it


class Health:
    """Says how one node fares whenever ``publish`` is called, in every state of its lifecycle.

    The names of the statuses are the same in every state, so that an aggregator never takes a part
    that rests for one that has died. What a report costs is bounded: it reads
    counters, and asks the graph only about streams that have something wrong with them.
    """

    def __init__(self, node: Node, cameras: Iterable[str]) -> None:
        """Advertise ``/diagnostics``.

        Args:
            node: Whose topics and name are reported.
            cameras: Names of its cameras, before it is configured.
        """
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._pipeline: Pipeline | None = None
        # Names of the statuses that only a pipeline can fill.
        self._parts = [*map(_image, cameras), "audio", "estimates", "model", "device"]
        self._memory = MemoryWatch()
        self._forget()
        self._clock_ns = -1
        self._clock_moved_s = time.monotonic()

    def publish(self, state: str, pipeline: Pipeline | None, failure: str = "") -> None:
        """Publish the status of all parts, as of now.

        Args:
            state: Of the node's lifecycle, such as ``active``.
            pipeline: What is at work; None: nothing is loaded.
            failure: Why the last transition failed.
        """
        if pipeline is not self._pipeline:  # its counts begin at 0
            self._pipeline = pipeline
            self._forget()
        now_s = time.monotonic()
        clock = self._clock_report(now_s)
        reports = [lifecycle_report(state, failure), clock]
        if pipeline is not None and state == ACTIVE:
            parts = self._pipeline_reports(pipeline, now_s)
            self._parts = [part.name for part in parts]
            reports += parts
        else:
            reports += [idle_report(name, state) for name in self._parts]
        memory = read_memory("cpu" if pipeline is None else pipeline.model.device)
        self._memory.note(memory.resident, now_s)
        reports.append(memory_report(memory, self._memory.growth()))
        self._send(reports)

    def _forget(self) -> None:
        """Forget the counts of another pipeline."""
        self._reported: dict[str, int] = {}
        self._sound = Progress(_SOUND_S)
        self._failures = Progress(_FAILURES_S)
        self._failures.note(0, time.monotonic())

    def _send(self, reports: Sequence[Report]) -> None:
        message = DiagnosticArray()
        now = self._node.get_clock().now()
        if now.nanoseconds == 0:  # no /clock: aggregators reject messages without a time
            now = Clock(clock_type=ClockType.SYSTEM_TIME).now()
        message.header.stamp = now.to_msg()
        name = self._node.get_fully_qualified_name().lstrip("/")
        message.status = [_status(name, report) for report in reports]
        self._publisher.publish(message)

    def _clock_report(self, now_s: float) -> Report:
        clock = self._node.get_clock()
        now_ns = int(clock.now().nanoseconds)
        if now_ns not in (self._clock_ns, 0):
            self._clock_ns, self._clock_moved_s = now_ns, now_s
        simulated = isinstance(clock, ROSClock) and bool(clock.ros_time_is_active)
        publishers = (
            self._node.count_publishers("/clock") if simulated and self._stands(now_s) else 0
        )
        return clock_report(simulated, now_ns / 1e9, now_s - self._clock_moved_s, publishers)

    def _stands(self, now_s: float) -> bool:
        """Whether the node's clock does not go on."""
        return now_s - self._clock_moved_s > STOOD_S

    def _pipeline_reports(self, pipeline: Pipeline, now_s: float) -> list[Report]:
        model = pipeline.model
        return [
            *map(self._stream_report, self._streams(pipeline, now_s)),
            self._estimates_report(pipeline, now_s),
            _model_report(pipeline),
            device_report(model.device, model.precision, model.device_problem),
        ]

    def _streams(self, pipeline: Pipeline, now_s: float) -> list[StreamState]:
        settings, worker, inbox = pipeline.settings, pipeline.worker, pipeline.inbox
        common = {"now_s": now_s, "stale_after_s": max(1.0, settings.recognizer.stale_after_s)}
        image = "CompressedImage" if settings.compressed else "Image"
        streams = [
            self._stream(
                _image(camera.name),
                settings.cameras[camera.name],
                pipeline.images[camera.name],
                kinds=(f"sensor_msgs/msg/{image}",),
                enabled=settings.use_video,
                needed_rate=settings.recognizer.vision.face_rate,
                dropped=inbox.dropped_images[camera.name],
                rejected=worker.rejected_images[camera.name],
                window_fill=camera.fill,
                details={
                    "used": str(worker.used_images[camera.name]),
                    "with a face": str(camera.faces),
                    "face detector": pipeline.detector_name,
                },
                **common,
            )
            for camera in worker.status.cameras
        ]
        if not pipeline.enabled:
            self._sound = Progress(_SOUND_S)
        elif worker.heard_s:
            self._sound.note(worker.heard_s, self._clock_ns / 1e9)
        audio = self._stream(
            "audio",
            "audio",
            pipeline.sound,
            kinds=pipeline.sound_kinds,
            enabled=settings.use_audio,
            needed_rate=0.0,
            dropped=inbox.dropped_audio,
            rejected=worker.rejected_audio,
            window_fill=worker.status.audio_fill,
            sound_rate=self._sound.rate(_LEAST_SOUND_S),
            **common,
        )
        return [*streams, audio]

    def _stream(
        self, name: str, topic: str, watch: StreamWatch, *, now_s: float, **own: Any
    ) -> StreamState:
        """What has arrived on a stream, beside its ``own`` fields."""
        timing = watch.timing(now_s)
        if self._stands(now_s):  # then no age is known
            timing = replace(timing, age_s=None)
        return StreamState(
            name=name,
            input_name=topic,
            topic=self._node.resolve_topic_name(topic),
            received=watch.count,
            rate=watch.rate(now_s),
            timing=timing,
            silent_for_s=watch.silent_for_s(now_s),
            new_drops=self._new(f"{name} dropped", own["dropped"]),
            new_bad=self._new(f"{name} rejected", own["rejected"]),
            **own,
        )

    def _stream_report(self, stream: StreamState) -> Report:
        link = look_up(self._node, stream.topic, stream.kinds) if needs_link(stream) else None
        return stream_report(stream, link)

    def _estimates_report(self, pipeline: Pipeline, now_s: float) -> Report:
        status, worker = pipeline.worker.status, pipeline.worker
        self._failures.note(worker.failures, now_s)
        details = {
            "skipped": str(status.dropped_estimates),
            "clock jumps": str(status.clock_jumps),
            "gaps": str(status.gaps),
            "internal errors": str(worker.failures),
            "restarts": str(worker.restarts),
            "last error": worker.last_error,
            "device": pipeline.model.device,
            "model": pipeline.model.id,
        }
        return estimates_report(
            pipeline.published.rate(now_s),
            pipeline.published.count,
            pipeline.latencies,
            int(self._failures.grown),
            details,
            new_skips=self._new("skipped", status.dropped_estimates),
            last_error=worker.last_error,
            enabled=pipeline.enabled,
        )

    def _new(self, name: str, total: int) -> int:
        """Return how much a counter has grown since the last report."""
        before = self._reported.get(name, 0)
        self._reported[name] = total
        return total - before


def _image(camera: str) -> str:
    """Name of the status of a camera's images."""
    return f"{camera}/image" if camera else "image"


def _model_report(pipeline: Pipeline) -> Report:
    source = pipeline.model.source
    values = {"labels": ", ".join(pipeline.model.labels)}
    if source is not None:
        values |= {
            "checkpoint": str(source.checkpoint),
            "sha256": source.sha256,
            "licence": source.licence or "unknown",
            "frame encoder": source.frame_encoder,
            "voice encoder": source.voice_encoder or "none",
        }
    return model_report(pipeline.model.id, values)


def _status(node: str, report: Report) -> DiagnosticStatus:
    return DiagnosticStatus(
        name=f"{node}: {report.name}",
        level=bytes([report.level]),
        message=report.message,
        hardware_id="",
        values=[KeyValue(key=key, value=value) for key, value in report.values.items()],
    )
