# Changes the file, has it validated, starts the service again, and watches whether all is well; else puts the old content
# back at once, by itself: the way to this host may be what the change has cut.
# A playbook calls it in two parts: MUSTER_PART=begin before the file is put in place, MUSTER_PART=end after.

part=${MUSTER_PART:-}

# validated FILE: whether the command finds no fault; validate_said tells what it says.
validated() {
    validate_said=
    [ -n "$MUSTER_VALIDATE" ] || return 0
    validate_command=$(printf '%s' "$MUSTER_VALIDATE" | FILE=$1 awk '{ gsub(/%s/, "\"$FILE\""); print }')
    validate_words=$(FILE=$1 limited 30 /bin/sh -c "$validate_command" 2>&1)
    validate_code=$?
    [ $validate_code = 0 ] && return
    validate_words=$(echo "$validate_words" | grep -v '^ *$' | tail -n 2 | one_line)
    validate_said="'$MUSTER_VALIDATE' ended with code $validate_code${validate_words:+: $validate_words}"
    return 1
}

# takes_a_file: whether the command is given the new file before anything is changed.
takes_a_file() { case $MUSTER_VALIDATE in *%s*) return 0 ;; *) return 1 ;; esac }

restart_it() {
    [ -n "$MUSTER_SERVICE" ] || return 0
    restart_service "$MUSTER_SERVICE" "$MUSTER_RESTART"
}

# restore WHY: the old content, the service again, and how it stands then. Ends the step as failed.
restore() {
    trap '' INT TERM HUP PIPE
    restore_line=$(remembered "$target")
    put_back "$target" "${restore_line%%"$tab"*}"
    restore_how="the old content was put back"
    if [ -n "$MUSTER_SERVICE" ]; then
        if restart_it; then
            restore_how="$restore_how and $MUSTER_SERVICE was ${MUSTER_RESTART}ed"
        else
            restore_how="$restore_how, but the $MUSTER_RESTART of $MUSTER_SERVICE failed"
        fi
    fi
    if has_health_check; then
        if wait_healthy; then
            restore_how="$restore_how: all is well again"
        else
            restore_how="$restore_how, and still all is not well: $health_said"
        fi
    fi
    rm -f "$root$state/pending"
    give_up "$1; $restore_how"
}

# see_it_through: from here on nothing leaves the new content behind without its having been watched.
see_it_through() {
    trap '' HUP PIPE # when the connection is gone, it is still brought to its end here
    trap 'restore "the step was ended before all was well"' INT TERM
}

# finish_change: everything that comes after the file is in place.
finish_change() {
    see_it_through
    if ! takes_a_file && ! validated "$root$target"; then
        restore "the new content is refused: $validate_said"
    fi
    if [ -n "$MUSTER_SERVICE" ]; then
        restart_it
        case $? in
        0) changed "${MUSTER_RESTART}ed $MUSTER_SERVICE" ;;
        2) note "$MUSTER_SERVICE was not ${MUSTER_RESTART}ed: how it is started is not known" ;;
        *) restore "the $MUSTER_RESTART of $MUSTER_SERVICE failed" ;;
        esac
    fi
    wait_healthy || restore "all is not well after the change: $health_said"
    has_health_check && note "all is well after the change"
    rm -f "$root$state/pending"
    trap 'exit 1' HUP INT TERM PIPE
}

# only_look: the check; for a playbook, what is to be put where.
only_look() {
    no_diff=
    [ "$MUSTER_SHOW_DIFF" = yes ] || no_diff=yes
    takes_a_file && ! validated "$work/wanted" && give_up "the new content is refused: $validate_said"
    if cmp -s "$work/wanted" "$root$target"; then
        note "$MUSTER_PATH is as wanted already"
    elif [ "$part" = begin ]; then
        announce
    else
        replace "$work/wanted" "$target" "$MUSTER_MODE"
        [ -z "$MUSTER_SERVICE" ] || restart "$MUSTER_SERVICE" "$MUSTER_RESTART"
    fi
    finish
    exit 0
}

# in_words OLD NEW: the lines that change, for the record of what was done; not where they are secret or many.
in_words() {
    words="replaced $target"
    if [ "$MUSTER_SHOW_DIFF" = yes ] && have diff; then
        words_lines=$(diff -U 0 "$1" "$2" 2>/dev/null | tail -n +3 | grep '^[-+]')
        [ "$(echo "$words_lines" | wc -l)" -gt 6 ] ||
            words="$words: $(echo "$words_lines" | tr '\n' '|' | sed 's/|$//; s/|/ | /g' | one_line)"
    fi
    echo "$words"
}

# announce: for the playbook: what is put where, and how that is said.
announce() {
    printf 'put\t%s\t%s\n' "$root$target" "$(base64 <"$work/wanted" | tr -d '\n')"
    [ -e "$root$target" ] && printf 'present\n'
    printf 'words\t%s\n' "${change_words:-}"
}

begin_change
cat >"$work/payload"
why=$(why_not_wanted)
[ -z "$why" ] || give_up "$why"
if [ "$part" = end ]; then
    [ -e "$root$state/pending" ] || give_up "the change was not begun"
    finish_change
    finish
    exit 0
fi
make_wanted "$work/payload" "$work/wanted" || give_up "$(why_not_written "$state" 16)"
[ -z "$check" ] || only_look
if cmp -s "$work/wanted" "$root$target" && [ ! -e "$root$state/pending" ]; then
    note "$MUSTER_PATH was as wanted already"
    if has_health_check && ! healthy; then
        restart_it && [ -n "$MUSTER_SERVICE" ] && changed "${MUSTER_RESTART}ed $MUSTER_SERVICE"
        wait_healthy || give_up "$MUSTER_PATH was as wanted already, and all is not well: $health_said"
    fi
    finish
    exit 0
fi
if takes_a_file && ! validated "$work/wanted"; then
    give_up "the new content is refused, and nothing was changed: $validate_said"
fi
has_health_check && ! healthy && note "before the change, too, all was not well: $health_said"
keep "$target"
: >"$root$state/pending" || give_up "$(why_not_written "$state" 4)"
[ -e "$root$target" ] && present >"$work/old"
[ -e "$work/old" ] || : >"$work/old"
change_words=$(in_words "$work/old" "$work/wanted")
intend "$target" "$(digest "$work/wanted")"
if [ "$part" = begin ]; then
    announce
    finish
    exit 0
fi
see_it_through
put "$work/wanted" "$target" "$MUSTER_MODE"
changed "$change_words"
finish_change
finish
