"""The node: camera and microphone topics in, ``EmotionState`` out; managed by its lifecycle."""

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher

from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.complaints import Complaints, LogBridge
from emotion_recognition.nodes.health import Health
from emotion_recognition.nodes.parameters import declare_settings, read_settings
from emotion_recognition.nodes.pipeline import Pipeline, free_memory
from emotion_recognition.nodes.qos import ESTIMATES
from emotion_recognition.nodes.spin import StartError, run_nodes

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
        self._emotions: Publisher | None = None
        self._pipeline: Pipeline | None = None
        self._failure = ""  # of the last transition
        self._health = Health(self)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may stand still
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._report, clock=steady)
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
        self._emotions = self.create_publisher(EmotionState, "emotion", ESTIMATES)
        self._load_pipeline(self._emotions)

    def _load_pipeline(self, emotions: Publisher) -> Pipeline:
        self._pipeline = Pipeline(self, read_settings(self), emotions, self._complain)
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

    def _report(self) -> None:
        self._health.publish(self.state, self._pipeline)


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition emotion_node``."""
    return run_nodes([EmotionNode], args)


if __name__ == "__main__":
    sys.exit(main())
