# The package on ROS 2 Jazzy, with camera, microphone and dashboard.
#   docker build -t emotion_recognition .
#   docker run --rm --net host --ipc host emotion_recognition
FROM ros:jazzy
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /ws

# What changes rarely comes first, so that a change of the code does not install it again.
COPY package.xml src/emotion_recognition/
RUN apt-get update \
    && apt-get install -y --no-install-recommends libportaudio2 python3-venv \
    && rosdep update \
    && rosdep install --from-paths src --ignore-src -y \
    && rm -rf /var/lib/apt/lists/*

# Index of PyTorch's CPU build; without it the package index decides (several GB of CUDA).
ARG TORCH_INDEX_URL=""
COPY requirements src/emotion_recognition/requirements
COPY scripts/setup.sh src/emotion_recognition/scripts/
RUN python3 -m venv --system-site-packages venv \
    && touch venv/COLCON_IGNORE \
    && cd src/emotion_recognition \
    && torch=$(sed -n 's/^TORCH_VERSION=//p' scripts/setup.sh) \
    && pip=(/ws/venv/bin/python -m pip install --no-cache-dir \
            --constraint requirements/lock/installed-ros-3.12.txt) \
    && "${pip[@]}" ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} "torch==$torch" \
    && "${pip[@]}" "numpy<2" --requirement requirements/runtime.txt \
            --requirement requirements/dashboard.txt --requirement requirements/microphone.txt

COPY . src/emotion_recognition
RUN . /opt/ros/jazzy/setup.bash \
    && . venv/bin/activate \
    && colcon build --packages-select emotion_recognition --cmake-args -DBUILD_TESTING=OFF \
    && rm -rf build log

# Neither root nor able to write the package's files. Devices: --device /dev/video0 --group-add video
RUN useradd --create-home robot
USER robot
ENTRYPOINT ["/ws/src/emotion_recognition/scripts/container.sh"]
CMD ["ros2", "launch", "emotion_recognition", "emotion_recognition.launch.py"]
