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

"""Stands in for the analysis process: does what the file that it is given says."""

import os
import signal
import sys
import time
from pathlib import Path

CANCEL = signal.SIGUSR1
MODEL = (
    '{"kind":"ready","model":{"id":"fake","labels":["calm","happy"],"device":"cpu",'
    '"detector":"none","window":3.6,"publish_rate":4.0,"withhold_below":0.45}}'
)
ESTIMATE = (
    '{{"kind":"estimated","estimate":{{"time":{},"subject":"1","emotion":"happy","confidence":0.9,'
    '"probabilities":{{"calm":0.1,"happy":0.9}},"valence":0.5,"arousal":null,"intensity":null,'
    '"audio_weight":0.0,"video_weight":1.0,"flags":[],"face":null}}}}'
)


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    cancelled = []
    signal.signal(CANCEL, lambda *_: cancelled.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.environ.get("FAKE_ANALYSER") == "broken":
        return 1
    say(MODEL)
    for line in sys.stdin:
        cancelled.clear()
        order = Path(line.split('"path":"')[1].split('"')[0]).read_bytes()[4:].strip().decode()
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif order == "nonsense":
            say('{"kind":"estimated","estimate":{}}')
        elif order == "hang":
            time.sleep(60)
        elif order == "wait":
            while not cancelled:
                time.sleep(0.01)
            say('{"kind":"ended","state":"cancelled"}')
            continue
        for index in range(4):
            say(ESTIMATE.format(1 + index / 4))
        say('{"kind":"ended","state":"done","duration":2.0}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
