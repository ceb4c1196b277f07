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

"""The part without ROS as a Python package (``pip install .``); colcon uses CMakeLists.txt."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def requirements(name: str) -> list[str]:
    """The lines of a file in requirements/ that are not comments."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def shared(folder: str) -> tuple[str, list[str]]:
    """A folder of the checkout, to lie in share/emotion_recognition as colcon does it."""
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / folder).glob("*.*"))]
    return f"share/emotion_recognition/{folder}", files


setup(
    name="emotion_recognition",
    version="0.1.0",
    description="Audio-visual emotion recognition for ROS 2, and its parts without ROS",
    license="Apache-2.0",  # of the code; the weights have terms of their own: weights/*.md
    python_requires=">=3.10",
    packages=find_packages(include=["emotion_recognition", "emotion_recognition.*"]),
    package_data={
        "emotion_recognition": [
            "weights/*.safetensors",
            "weights/folds/*.safetensors",
            "weights/crema_d_folds/*.safetensors",
            "weights/*.md",
            "weights/*.json",
            "weights/SHA256SUMS",
            "dashboard/static/*",
            "dashboard/static/assets/*",
            "studies/*.html",
        ]
    },
    data_files=[
        shared(name) for name in ("config", "config/sros2", "config/training", "launch", "msg")
    ],
    install_requires=requirements("runtime.txt"),
    extras_require={
        "backbones": requirements("backbones.txt"),
        "cluster": requirements("cluster.txt"),
        "dashboard": requirements("dashboard.txt"),
        "docs": requirements("docs.txt"),
        "fuzz": requirements("fuzz.txt"),
        "landmarks": requirements("landmarks.txt"),
        "microphone": requirements("microphone.txt"),
        "studies": requirements("studies.txt"),
        "test": requirements("test.txt"),
        "training": requirements("training.txt"),
    },
    entry_points={"console_scripts": ["emotion-recognition = emotion_recognition.cli:main"]},
)
