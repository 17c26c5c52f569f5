"""The window: a process of its own that shows the board, and the program around it that gives it something to show."""
