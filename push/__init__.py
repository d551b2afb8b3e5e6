"""SSH, WinRM and Ansible behind one port; waves and their gates."""
