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

"""The node: camera and microphone topics in, ``EmotionState`` out; managed by its lifecycle."""

import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from std_srvs.srv import SetBool, Trigger

from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.emotion.health import Health
from emotion_recognition.nodes.emotion.model_info import ModelInfoTopic
from emotion_recognition.nodes.emotion.pipeline import Pipeline, free_memory
from emotion_recognition.nodes.ros.complaints import Complaints, LogBridge
from emotion_recognition.nodes.ros.parameters import (
    changed_settings,
    declare_settings,
    is_setting,
    read_settings,
)
from emotion_recognition.nodes.ros.qos import ESTIMATES
from emotion_recognition.nodes.ros.spin import StartError, run_nodes
from emotion_recognition.settings import ParameterError

_DIAGNOSTICS_PERIOD_S = 1.0
_LIBRARY_LOG = logging.getLogger("emotion_recognition")


class EmotionNode(LifecycleNode):
    """Takes a ``Pipeline`` through the states of a managed node; reports how it fares in each.

    ======================  ===============================================================
    configure               networks are loaded and warmed, ``emotion`` is advertised
    activate                topics are subscribed to, and estimates begin
    deactivate              estimates end; processor, memory and device are free
    cleanup, shutdown       nothing is left but parameters, services and diagnostics
    an error in one         is logged with its cause; all is freed, the state is unconfigured
    ======================  ===============================================================

    With the parameter ``autostart`` the node configures and activates itself when it is made.

    Args:
        options: As of ``rclpy.node.Node``, such as ``parameter_overrides``.

    Raises:
        StartError: a parameter is wrong; or, with ``autostart``, what it names is missing or
            damaged.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "emotion_node", automatically_declare_parameters_from_overrides=True, **options
        )
        settings = declare_settings(self)
        self._complain = Complaints(self.get_logger().warning)
        self._log_bridge = LogBridge(self._complain)
        _LIBRARY_LOG.addHandler(self._log_bridge)
        _LIBRARY_LOG.propagate = False
        self._settings = settings  # as of the configuration
        self._emotions: Publisher | None = None
        self._model_info: ModelInfoTopic | None = None
        self._pipeline: Pipeline | None = None
        self._failure = ""  # of the last transition
        self._health = Health(self, settings.cameras)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may stand still
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._report, clock=steady)
        self.add_on_set_parameters_callback(self._change_parameters)
        self._service_change_state.callback = self._refusing(self._service_change_state.callback)
        self.create_service(Trigger, "~/reset", self._reset)
        self.create_service(SetBool, "~/set_enabled", self._set_enabled)
        self._starting = settings.autostart
        if settings.autostart:
            self._bring_up()
        self._starting = False

    @property
    def state(self) -> str:
        """Where the node is in its lifecycle, such as ``active``."""
        label: str = self._state_machine.current_state[1]
        return label

    def _bring_up(self) -> None:
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                self.destroy_node()
                raise StartError(self._failure)

    def _refusing(self, change: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Answer no to a transition that is unknown or not of this state: rclpy would end."""

        def answer(request: ChangeState.Request, response: ChangeState.Response) -> Any:
            try:
                return change(request, response)
            except RuntimeError:  # of rcl, which logs it
                response.success = False
                return response

        return answer

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm the networks by the parameters as they are now."""
        return self._attempt("configure", self._configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and begin; after a deactivation the networks are loaded again."""
        return self._attempt("activate", self._activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the work, and free processor, memory and device."""
        return self._attempt("deactivate", self._drop_pipeline)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all that ``on_configure`` made."""
        return self._attempt("cleanup", self._drop_all)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all, from whichever state."""
        return self._attempt("shutdown", self._drop_all)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all after a transition that failed: back to unconfigured."""
        return self._attempt("free what was begun", self._drop_all)

    def destroy_node(self) -> None:
        """End the worker, then the node."""
        self._drop_all()
        _LIBRARY_LOG.removeHandler(self._log_bridge)
        super().destroy_node()

    def _attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a step of the lifecycle; an error is logged, for rclpy would pass over it."""
        try:
            step()
        except StartError as error:
            self._failure = str(error)
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"
            self.get_logger().error(traceback.format_exc())
        else:
            return TransitionCallbackReturn.SUCCESS
        if not self._starting:  # otherwise it is said by whoever made the node
            self.get_logger().error(f"cannot {name}: {self._failure}")
        return TransitionCallbackReturn.ERROR

    def _configure(self) -> None:
        self._settings = read_settings(self)
        self._emotions = self.create_publisher(EmotionState, "emotion", ESTIMATES)
        self._model_info = ModelInfoTopic(self)
        self._load_pipeline(self._emotions)
        self._say_model()
        self._failure = ""

    def _load_pipeline(self, emotions: Publisher) -> Pipeline:
        self._pipeline = Pipeline(self, self._settings, emotions, self._complain)
        return self._pipeline

    def _activate(self) -> None:
        assert self._emotions is not None
        pipeline = self._pipeline or self._load_pipeline(self._emotions)
        pipeline.start()
        self.get_logger().info(
            f"ready: model {pipeline.model.id} on {pipeline.model.device}, "
            f"face detector {pipeline.detector_name}"
        )

    def _drop_pipeline(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None
            free_memory()

    def _drop_all(self) -> None:
        self._drop_pipeline()
        if self._emotions is not None:
            self.destroy_publisher(self._emotions)
            self._emotions = None
        if self._model_info is not None:
            self._model_info.close()
            self._model_info = None

    def _change_parameters(self, changed: Sequence[Parameter]) -> SetParametersResult:
        """Take all of the new values, or none and say why."""
        ours = {each.name: each.value for each in changed if is_setting(each.name)}
        try:
            settings = changed_settings(self, ours, self.state)
            if self._pipeline is not None and settings.recognizer != self._settings.recognizer:
                self._pipeline.reconfigure(settings.recognizer)
        except (ParameterError, CheckpointError) as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._settings = replace(self._settings, recognizer=settings.recognizer)
        return SetParametersResult(successful=True)

    def _reset(self, _: Trigger.Request, answer: Trigger.Response) -> Trigger.Response:
        return self._answered(answer, Pipeline.reset, "forgotten what was seen and heard")

    def _set_enabled(self, wanted: SetBool.Request, answer: SetBool.Response) -> SetBool.Response:
        words = "estimates go on" if wanted.data else "estimates are paused"
        return self._answered(answer, lambda pipeline: pipeline.enable(wanted.data), words)

    def _answered(self, answer: Any, work: Callable[[Pipeline], None], words: str) -> Any:
        """Do what a service was asked for, if the node is active."""
        answer.success = self._pipeline is not None and self.state == "active"
        if self._pipeline is not None and answer.success:
            work(self._pipeline)
            self.get_logger().info(f"by a service: {words}")
        answer.message = words if answer.success else f"the node is {self.state}: activate it first"
        return answer

    def _report(self) -> None:
        self._health.publish(self.state, self._pipeline, self._failure)
        self._say_model()

    def _say_model(self) -> None:
        """Tell of the model, and again where it has gone over to another device."""
        if self._model_info is not None and self._pipeline is not None:
            window_s = self._pipeline.settings.recognizer.window_s
            self._model_info.update(self._pipeline.model, window_s)


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition emotion_node``."""
    return run_nodes([EmotionNode], args)


if __name__ == "__main__":
    sys.exit(main())
