# What a Linux host is asked before it is pushed; changes nothing. Facts of the layer "gate": see push/gates_ready.py.
# MUSTER_ROOT is put before every path where a host is a folder of a larger machine; empty on a real host.
# MUSTER_GATE_BACKUP is a path with * in its last part; empty when nobody asks for a backup.
root=${MUSTER_ROOT:-}
say() { printf 'fact\tgate\t%s\t%s\n' "$1" "$2"; }

# df -P has one line for each disk, whatever the length of its name; the fourth field is in KiB
free=$(LC_ALL=C df -Pk "$root/" 2>/dev/null | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
[ -n "$free" ] && say disk_free_bytes "$free"

reboot=no
for mark in /run/reboot-required /var/run/reboot-required /run/reboot-needed; do
    [ -e "$root$mark" ] && { reboot="yes: $mark"; break; }
done
if [ "$reboot" = no ] && [ -z "$root" ] && command -v needs-restarting >/dev/null 2>&1; then
    needs-restarting -r >/dev/null 2>&1
    [ $? -eq 1 ] && reboot="yes: needs-restarting -r"
fi
say reboot_pending "$reboot"

if [ -n "${MUSTER_GATE_BACKUP:-}" ]; then
    newest=0 found=
    IFS= # so that a path with spaces stays one, and * is still read
    for file in "$root"$MUSTER_GATE_BACKUP; do
        [ -e "$file" ] || continue
        found=1
        at=$(stat -c %Y "$file" 2>/dev/null || date -r "$file" +%s 2>/dev/null) || continue
        [ "$at" -gt "$newest" ] && newest=$at
    done
    if [ -z "$found" ]; then
        say backup_age_s none
    elif [ "$newest" -gt 0 ]; then
        age=$(($(date +%s) - newest))
        [ "$age" -lt 0 ] && age=0
        say backup_age_s "$age"
    fi
fi
printf 'done\tprobe\n'
