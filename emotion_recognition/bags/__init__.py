"""Recordings: ROS bags and video clips, read and written without a ROS installation."""
