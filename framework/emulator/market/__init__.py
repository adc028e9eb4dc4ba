"""What is listed, and what it trades at."""
