"""ROS 2 nodes: the only part of the package that needs rclpy."""
