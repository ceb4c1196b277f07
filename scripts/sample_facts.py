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

"""Print the facts about the sample clips that docs/samples.md states; fetches the clips."""

import av
import numpy as np

from emotion_recognition.bags.sample import SAMPLES, fetch_sample


def level(path: str) -> str:
    """Root mean square of the whole sound track in dB below full scale, and the peak."""
    with av.open(path) as container:
        to_float = av.AudioResampler(format="flt", layout="mono")
        frames = [
            part.to_ndarray()
            for frame in container.decode(audio=0)
            for part in to_float.resample(frame)
        ]
    samples = np.concatenate(frames, axis=1)
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    decibel = f"{20 * np.log10(rms):.1f} dBFS" if rms else "digital silence"
    return f"{decibel}, peak {np.abs(samples).max():.3f}"


def main() -> None:
    """One block for each sample."""
    for name, sample in SAMPLES.items():
        path = fetch_sample(name)
        print(f"{name}: {sample.requirement}, {sample.member}, {path.stat().st_size} bytes")
        with av.open(str(path)) as container:
            seconds = float(container.duration or 0) / av.time_base
            for stream in container.streams.video:
                rate = float(stream.average_rate or 0)
                size = f"{stream.width}x{stream.height}"
                print(f"  video: {size}, {rate:.2f}/s, {stream.frames} frames, {seconds:.1f} s")
            for sound in container.streams.audio:
                print(f"  sound: {sound.rate} Hz, {sound.channels} channels, {seconds:.1f} s")
        print(f"  level: {level(str(path))}")


if __name__ == "__main__":
    main()
