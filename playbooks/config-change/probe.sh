# Asks whether the file holds what it shall, and whether all is well. Changes nothing.

work=$(mktemp -d 2>/dev/null) || {
    error "no place to work in: /tmp cannot be written"
    finish
    exit 1
}
trap 'rm -rf "$work"' EXIT
cat >"$work/payload"
why=$(why_not_wanted)
if [ -n "$why" ]; then
    verdict unsupported "$why"
    finish
    exit 0
fi
make_wanted "$work/payload" "$work/wanted"
lines=$(diff -U 0 "$root$target" "$work/wanted" 2>/dev/null | tail -n +3 | grep -c '^[-+]')
fact config file "$MUSTER_PATH"
[ "$target" = "$MUSTER_PATH" ] || fact config "is a link to" "$target"
if has_health_check; then
    if healthy; then fact config health well; else fact config health "$health_said"; fi
fi
if [ ! -e "$root$target" ]; then
    verdict stale "$MUSTER_PATH is not there yet"
elif ! cmp -s "$work/wanted" "$root$target"; then
    verdict stale "$MUSTER_PATH is not yet as wanted (lines that differ: $lines)"
elif [ -e "$root$state/pending" ]; then
    verdict stale "$MUSTER_PATH was changed, but the change was not brought to its end"
elif [ -n "${health_said:-}" ]; then
    verdict stale "$MUSTER_PATH is as wanted, but all is not well: $health_said"
else
    verdict right "$MUSTER_PATH is as wanted$(has_health_check && echo ', and all is well')"
fi
finish
