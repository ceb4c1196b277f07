"""Publishes ``/diagnostics``: gathers what the node's parts count, and has it judged."""

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from emotion_recognition.nodes.diagnostics import (
    Arrivals,
    Report,
    StreamState,
    device_report,
    estimates_report,
    lifecycle_report,
    stream_report,
)
from emotion_recognition.nodes.pipeline import Pipeline


class Health:
    """Says how one node fares whenever ``publish`` is called, in every state of its lifecycle."""

    def __init__(self, node: Node) -> None:
        """Advertise ``/diagnostics`` for ``node``, whose topics and name are reported."""
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._pipeline: Pipeline | None = None
        self._reported: dict[str, int] = {}

    def publish(self, state: str, pipeline: Pipeline | None) -> None:
        """Publish the status of all parts, as of now.

        Args:
            state: Of the node's lifecycle, such as ``active``.
            pipeline: What is at work; None: nothing is loaded.
        """
        if pipeline is not self._pipeline:  # its counts begin at 0
            self._pipeline = pipeline
            self._reported.clear()
        reports = [lifecycle_report(state)]
        if pipeline is not None:
            now_s = time.monotonic()
            model = pipeline.model
            reports += self._stream_reports(pipeline, now_s)
            reports.append(self._estimates_report(pipeline, now_s))
            reports.append(device_report(model.device, model.precision, model.device_problem))
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        name = self._node.get_fully_qualified_name().lstrip("/")
        message.status = [_status(name, report) for report in reports]
        self._publisher.publish(message)

    def _stream_reports(self, pipeline: Pipeline, now_s: float) -> list[Report]:
        settings, worker, inbox = pipeline.settings, pipeline.worker, pipeline.inbox
        streams = [
            self._stream_state(
                f"{camera.name}/image" if camera.name else "image",
                settings.cameras[camera.name],
                pipeline.images[camera.name],
                now_s,
                enabled=settings.use_video,
                dropped=inbox.dropped_images[camera.name],
                rejected=worker.rejected_images[camera.name],
                window_fill=camera.fill,
                details={
                    "used": str(worker.used_images[camera.name]),
                    "with a face": str(camera.faces),
                    "face detector": pipeline.detector_name,
                },
            )
            for camera in worker.status.cameras
        ]
        streams.append(
            self._stream_state(
                "audio",
                "audio",
                pipeline.sound,
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

    def _estimates_report(self, pipeline: Pipeline, now_s: float) -> Report:
        details = {
            "skipped": str(pipeline.worker.status.dropped_estimates),
            "clock jumps": str(pipeline.worker.status.clock_jumps),
            "device": pipeline.model.device,
            "model": pipeline.model.id,
        }
        return estimates_report(
            pipeline.published.rate(now_s),
            pipeline.published.count,
            pipeline.latencies,
            self._new("failures", pipeline.worker.failures),
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
