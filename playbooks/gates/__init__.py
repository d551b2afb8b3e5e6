"""What any host can be asked before it is pushed, whatever the fix: room on its disk, a pending restart, a backup."""
