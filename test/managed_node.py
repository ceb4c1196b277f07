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

"""emotion_node in a process of its own, as a lifecycle manager sees it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import qos_profile_sensor_data
from ros_support import Probe, Process, module, probe, random_domain_id, running, wait_until
from sensor_msgs.msg import Image

from emotion_recognition.nodes.camera_node import image_message

TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
}


class ManagedNode:
    """What can be asked of a running emotion_node, and a camera that it sees."""

    def __init__(self, opened: Probe, process: Process, face: np.ndarray) -> None:
        self.probe, self.process, self.face = opened, process, face
        self.states: list[EmotionState] = opened.hear(EmotionState, "emotion")
        self.diagnostics: list[DiagnosticArray] = opened.hear(DiagnosticArray, "/diagnostics")
        self.images = opened.node.create_publisher(Image, "image", qos_profile_sensor_data)
        self._clients: dict[str, Any] = {}

    def ask(self, kind: Any, service: str, request: Any, timeout_s: float = 60) -> Any:
        """Call a service of the node; return its answer."""
        node = self.probe.node
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = node.create_client(kind, f"emotion_node/{service}")
        wait_until(client.service_is_ready, 60, f"no service {service}:\n{self.process.text}")
        future = client.call_async(request)
        wait_until(future.done, timeout_s, f"no answer of {service}:\n{self.process.text}")
        return future.result()

    @property
    def state(self) -> str:
        return self.ask(GetState, "get_state", GetState.Request()).current_state.label

    def change(self, *names: str) -> list[bool]:
        """Ask for transitions by name, one after the other; return which of them succeeded."""
        return [self.transition(TRANSITIONS[name]) for name in names]

    def transition(self, number: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=number))
        return self.ask(ChangeState, "change_state", request).success

    def set(self, **values: Any) -> SetParametersResult:
        """Set parameters atomically."""
        messages = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        request = SetParametersAtomically.Request(parameters=messages)
        return self.ask(SetParametersAtomically, "set_parameters_atomically", request).result

    def get(self, name: str) -> Any:
        request = GetParameters.Request(names=[name])
        return parameter_value_to_python(
            self.ask(GetParameters, "get_parameters", request).values[0]
        )

    def show(self, frame: np.ndarray | None = None) -> None:
        """Publish an image, of the face unless another one is given."""
        message = image_message(self.face if frame is None else frame, "camera")
        message.header.stamp = self.probe.node.get_clock().now().to_msg()
        self.images.publish(message)
        time.sleep(1 / 15)

    def show_until(self, condition: Callable[[], object], timeout_s: float = 30) -> None:
        """Show the face until a condition comes true."""
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert self.process.running, self.process.text
            assert time.monotonic() < until_s, self.process.text
            self.show()

    def show_for(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        self.show_until(lambda: time.monotonic() > until_s, seconds + 10)

    def estimates(self, count: int = 2) -> list[EmotionState]:
        """Show the face until so many more estimates have come; return them."""
        before = len(self.states)

        def fresh() -> list[EmotionState]:
            return [state for state in self.states[before:] if state.probabilities]

        self.show_until(lambda: len(fresh()) >= count)
        return fresh()

    def reports(self) -> dict[str, dict[str, str]]:
        """The values of the next diagnostics, by name of the status."""
        before = len(self.diagnostics)
        wait_until(lambda: len(self.diagnostics) > before + 1, 20, "no diagnostics")
        return {
            status.name.partition(": ")[2]: {pair.key: pair.value for pair in status.values}
            for status in self.diagnostics[-1].status
        }


@contextmanager
def managed_node(face: np.ndarray, *parameters: str, command: Any = None) -> Iterator[ManagedNode]:
    """Run emotion_node with ``name:=value`` parameters, without sound."""
    domain_id = random_domain_id()
    arguments = ["--ros-args", "-p", "use_audio:=false"]
    for parameter in parameters:
        arguments += ["-p", parameter]
    command = [*(command or module("emotion_node")), *arguments]
    with running(command, domain_id) as process, probe(domain_id) as opened:
        yield ManagedNode(opened, process, face)
