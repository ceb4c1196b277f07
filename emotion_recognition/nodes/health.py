"""Publishes ``/diagnostics``: gathers what the node's parts count, and has it judged."""

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.nodes.diagnostics import (
    Arrivals,
    Latencies,
    Report,
    StreamState,
    device_report,
    estimates_report,
    stream_report,
)
from emotion_recognition.nodes.worker import Worker
from emotion_recognition.recognizer.inbox import Inbox
from emotion_recognition.settings import Settings


class Health:
    """Watches one node, and says how it fares whenever ``publish`` is called.

    Args:
        node: Whose topics and name are reported.
        settings: Of the node.
        model: That makes the estimates.
        detector_name: Of the face detector.
        inbox: Whose drops are reported.
        worker: Whose counts are reported.

    Attributes:
        images: Arrivals by camera, to be ticked by the node.
        sound: Arrivals of sound, to be ticked by the node.
        published: Estimates, to be ticked by the node.
        latencies: Of the estimates, to be added by the node.
    """

    def __init__(
        self,
        node: Node,
        settings: Settings,
        model: EmotionModel,
        detector_name: str,
        inbox: Inbox,
        worker: Worker,
    ) -> None:
        self._node = node
        self._settings = settings
        self._model = model
        self._detector_name = detector_name
        self._inbox = inbox
        self._worker = worker
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._reported: dict[str, int] = {}
        self.images = {camera: Arrivals() for camera in settings.cameras}
        self.sound = Arrivals()
        self.published = Arrivals()
        self.latencies = Latencies()

    def publish(self) -> None:
        """Publish the status of all parts, as of now."""
        now_s = time.monotonic()
        model = self._model
        device = device_report(model.device, model.precision, model.device_problem)
        reports = [*self._stream_reports(now_s), self._estimates_report(now_s), device]
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        name = self._node.get_fully_qualified_name().lstrip("/")
        message.status = [_status(name, report) for report in reports]
        self._publisher.publish(message)

    def _stream_reports(self, now_s: float) -> list[Report]:
        settings, worker, inbox = self._settings, self._worker, self._inbox
        streams = [
            self._stream_state(
                f"{camera.name}/image" if camera.name else "image",
                settings.cameras[camera.name],
                self.images[camera.name],
                now_s,
                enabled=settings.use_video,
                dropped=inbox.dropped_images[camera.name],
                rejected=worker.rejected_images[camera.name],
                window_fill=camera.fill,
                details={
                    "used": str(worker.used_images[camera.name]),
                    "with a face": str(camera.faces),
                    "face detector": self._detector_name,
                },
            )
            for camera in worker.status.cameras
        ]
        streams.append(
            self._stream_state(
                "audio",
                "audio",
                self.sound,
                now_s,
                enabled=settings.use_audio,
                dropped=inbox.dropped_audio,
                rejected=worker.rejected_audio,
                window_fill=worker.status.audio_fill,
            )
        )
        stale_after_s = max(1.0, settings.recognizer.stale_after_s)
        return [
            stream_report(
                stream,
                stale_after_s,
                self._new(f"{stream.name} dropped", stream.dropped),
                self._new(f"{stream.name} rejected", stream.rejected),
            )
            for stream in streams
        ]

    def _stream_state(
        self, name: str, topic: str, arrivals: Arrivals, now_s: float, **own: Any
    ) -> StreamState:
        """What has arrived on a stream, beside its ``own`` fields."""
        return StreamState(
            name=name,
            topic=self._node.resolve_topic_name(topic),
            received=arrivals.count,
            rate=arrivals.rate(now_s),
            silent_for_s=arrivals.silent_for_s(now_s),
            **own,
        )

    def _estimates_report(self, now_s: float) -> Report:
        details = {
            "skipped": str(self._worker.status.dropped_estimates),
            "clock jumps": str(self._worker.status.clock_jumps),
            "device": self._model.device,
            "model": self._model.id,
        }
        return estimates_report(
            self.published.rate(now_s),
            self.published.count,
            self.latencies,
            self._new("failures", self._worker.failures),
            details,
        )

    def _new(self, name: str, total: int) -> int:
        """Return how much a counter has grown since the last report."""
        before = self._reported.get(name, 0)
        self._reported[name] = total
        return total - before


def _status(node: str, report: Report) -> DiagnosticStatus:
    return DiagnosticStatus(
        name=f"{node}: {report.name}",
        level=bytes([report.level]),
        message=report.message,
        hardware_id="",
        values=[KeyValue(key=key, value=value) for key, value in report.values.items()],
    )
