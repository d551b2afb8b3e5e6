# Puts back what was there before, from the backups. What somebody else has changed since is left alone.

step=rollback

if never_changed; then
    note "nothing was ever changed here"
    finish
    exit 0
fi
take_lock
roll_back
[ "$touched" = yes ] || note "everything is as it was before"
restart_old
finish
