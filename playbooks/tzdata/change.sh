# What apply and rollback share; comes after muster:change.sh. Backups lie in /var/lib/muster/tzdata.

# restart_old: everything that runs and keeps the old rules; after a change all of them, else those that are older
# than the data (an earlier push may have been cut off before its restarts).
restart_old() {
    processes | while read -r restart_name restart_start; do
        [ "$touched" = yes ] || old_rules "$restart_start" && serves "$restart_name"
    done | sort -u | while read -r restart_name; do
        restart_service "$restart_name"
        case $? in
        0) changed "restarted $restart_name" ;;
        2) note "$restart_name keeps the old rules, and how it is started is not known" ;;
        *) note "$restart_name keeps the old rules: its restart failed" ;;
        esac
    done
}
