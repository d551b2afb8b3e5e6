# Puts every store back as it was before, and has the system's own tool make the rest of it anew.

if never_changed; then
    note "nothing was ever changed here"
    finish
    exit 0
fi
begin_change
roll_back
if [ -e "$root$state/rebuild" ] && rollback_tool=$(rebuilder); then
    touched=yes
    run_rebuilder "$rollback_tool" && changed "ran $rollback_tool"
    for rollback_file in /etc/ssl/certs/java/cacerts /etc/pki/ca-trust/extracted/java/cacerts; do
        # the tool's own hooks have made it anew, in another order
        [ -z "$(remembered "$rollback_file")" ] || intend "$rollback_file" any
    done
    roll_back
    rm -f "$root$state/rebuild"
fi
[ "$touched" = yes ] || note "everything is as it was before"
for service in $MUSTER_SERVICES; do
    [ "$(service_manager "$service")" = none ] || restart "$service"
done
finish
