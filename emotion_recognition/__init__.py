"""Audio-visual emotion recognition for ROS 2: faces and voices in, ``EmotionState`` out."""

from pkgutil import extend_path

# In a source checkout the generated ``emotion_recognition.msg`` lies in another folder of the path.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
