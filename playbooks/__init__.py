"""The fixes: Ansible content and scripts, one folder each."""
