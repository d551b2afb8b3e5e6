# Puts the old content back, starts the service again, and says whether all is well then.

if never_changed; then
    note "nothing was ever changed here"
    finish
    exit 0
fi
begin_change
roll_back
rm -f "$root$state/pending"
if [ "$touched" = no ]; then
    note "everything is as it was before"
elif [ -n "$MUSTER_SERVICE" ]; then
    restart "$MUSTER_SERVICE" "$MUSTER_RESTART"
fi
if has_health_check && ! wait_healthy; then
    give_up "the old content is back, and all is not well: $health_said"
fi
finish
