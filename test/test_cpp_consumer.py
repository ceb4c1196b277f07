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

"""C++ programs find the package with CMake, and build against the headers that it installs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from ros_support import skip_unless_built

pytestmark = pytest.mark.ros


def run(*command: object) -> str:
    result = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return result.stdout


def test_a_program_builds_against_the_installed_headers_and_reads_flags(
    repository: Path, tmp_path: Path
):
    skip_unless_built()
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    source = repository / "test" / "cpp_consumer"
    run("cmake", "-S", source, "-B", tmp_path, "-DCMAKE_CXX_FLAGS=-O0 -Wall -Werror")
    run("cmake", "--build", tmp_path)
    assert run(tmp_path / "print_state").strip() == (
        "subject front/3, happy 0.7, flags 34, withheld 1, stale 0, valence known 0, labels 2, "
        "support rosidl_typesupport_cpp"
    )
