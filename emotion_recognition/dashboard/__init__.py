"""Web server of the dashboard: uploads are analysed, and a live graph is shown. No ROS in here."""
