"""The fleet of real SSH and WinRM hosts that the tests push to."""
