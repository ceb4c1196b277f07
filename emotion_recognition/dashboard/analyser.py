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

"""The analysis process: jobs come in on stdin, messages go out on stdout.

A process of its own, because it decodes what strangers send: hostile media may exhaust or crash
it, never the server. It ends when its stdin ends.
"""

import argparse
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import cv2
import torch

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.dashboard.messages import CANCEL, Ended, Job, Message, Ready
from emotion_recognition.dashboard.recording_analysis import CancelledError, RecordingAnalysis
from emotion_recognition.dashboard.schemas import ModelInfo
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.stream import VisionConfig

log = logging.getLogger(__name__)

_NICENESS = 10  # a live robot on this machine comes first
_SHOWING = RecognizerConfig(vision=VisionConfig(landmarks=True))
_REDACTED = RecognizerConfig(redact=True)


class _CancelSwitch:
    """Set by a signal while a job runs."""

    def __init__(self) -> None:
        self.on = False
        signal.signal(CANCEL, self._set)

    def _set(self, _signum: int, _frame: FrameType | None) -> None:
        self.on = True


def main(arguments: list[str] | None = None) -> int:
    """Load the model, then work off jobs until stdin ends."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s: analysis: %(message)s", level=logging.WARNING)
    switch = _CancelSwitch()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's affair, which ends us
    send = _sender()
    os.nice(_NICENESS)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = load_model(device=options.device)
    model.warm_up()
    config = _REDACTED if options.redact else _SHOWING
    recognizer = Recognizer(config, model)
    send(Ready(model=_info(model, recognizer)))
    _limit_memory(options.memory_mb)
    for line in sys.stdin.buffer:
        job = Job.model_validate_json(line)
        _limit_time(options.timeout_s)
        switch.on = False
        ended = _ended(job, recognizer, send, switch)
        send(ended)
        if not ended.fit:
            return 1
        recognizer = Recognizer(config, model)  # ready before it is needed
    return 0


def _ended(
    job: Job, recognizer: Recognizer, send: Callable[[Message], None], switch: _CancelSwitch
) -> Ended:
    """Run a job; return how it ended."""
    path = Path(job.path)
    try:
        analysis = RecordingAnalysis(
            path, recognizer, job.max_duration, send, cancelled=lambda: switch.on
        )
        return Ended(state="done", duration=analysis.run())
    except CancelledError:
        return Ended(state="cancelled")
    except RecordingError as error:
        return Ended(state="failed", error=str(error).replace(str(path), "the recording"))
    except MemoryError:
        error_text = "the recording needs too much memory"
    except Exception:
        log.exception("unexpected error")
        error_text = "the recording is damaged or of an unusual kind"
    return Ended(state="failed", error=error_text, fit=False)


def _sender() -> Callable[[Message], None]:
    """Keep stdout for messages alone: whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def send(message: Message) -> None:
        out.write(message.model_dump_json().encode() + b"\n")
        out.flush()

    return send


def _info(model: EmotionModel, recognizer: Recognizer) -> ModelInfo:
    return ModelInfo(
        id=model.id,
        labels=list(model.labels),
        device=model.device,
        detector=recognizer.detector_name,
        window=recognizer.config.window_s,
        publish_rate=recognizer.config.publish_rate,
        withhold_below=recognizer.config.withhold_below,
    )


def _limit_memory(allowance_mb: int) -> None:
    """Bound the address space to what is in use now, with the model loaded, and an allowance."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + allowance_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold somebody's face


def _limit_time(timeout_s: float) -> None:
    """Bound the computing time of the next job; the server bounds its time on the clock."""
    limit = int(time.process_time() + timeout_s * (os.cpu_count() or 1)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True)
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--timeout-s", type=float, required=True)
    parser.add_argument("--redact", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
