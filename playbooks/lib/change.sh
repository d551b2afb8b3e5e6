# What scripts that change something may use: the lock, the backups with their manifest, whole files, restarts. Comes
# after muster:base.sh. In the step check (MUSTER_CHECK=1) replace, take_away and restart only say what they would do.
#
#   begin_change              takes the lock; a second push of the same fix at this host gives up
#   replace FILE PATH [MODE]  puts FILE at PATH where it differs; the original is kept once, rights and owner stay
#   take_away PATH            removes it; the original is kept
#   restart NAME [reload]     a service, where anything was touched before
#   roll_back                 puts back every original; leaves alone what somebody else has changed since
#   give_up WORDS             ends the step with an error
#
# $state (/var/lib/muster/FIX/BATCH)
#   manifest        path <tab> what was there <tab> what was put there; "any" where a package decides
#   backup/PATH     the original of each path, taken once; a link is kept as a link
# /var/lib/muster/FIX/lock    "pid start" of the step that is at work

work=$root$state/work
touched=no

# give_up WORDS: the end of a step that cannot do its work. It says done: what stands is known.
give_up() {
    error "$1"
    finish
    exit 1
}

# started PID: when a process began, in clock ticks, so that a pid used again is not taken for its holder.
started() {
    read -r started_line 2>/dev/null <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086 # the fields behind the name, split on purpose
    set -- ${started_line##*) }
    echo "${20}"
}

# check_lock: give up while a holder lives.
check_lock() {
    read -r lock_pid lock_start 2>/dev/null <"$root$lock_place/lock" || return 0
    [ -n "$lock_pid" ] && [ "$(started "$lock_pid")" = "$lock_start" ] || return 0
    give_up "another push is at work on this host (process $lock_pid)"
}

begin_change() {
    if [ -n "$check" ]; then
        check_lock
        work=$(mktemp -d 2>/dev/null) || give_up "no place to work in: /tmp cannot be written"
        trap 'rm -rf "$work"' EXIT
        trap 'exit 1' HUP INT TERM PIPE
    else
        take_lock
        mkdir -p "$work" 2>/dev/null || give_up "$(why_not_written "$state" 4)"
    fi
}

take_lock() {
    mkdir -p "$root$state" 2>/dev/null || give_up "$(why_not_written "$state" 4)"
    lock=$root$lock_place/lock
    echo "$$ $(started $$)" 2>/dev/null >"$lock.$$" || {
        rm -f "$lock.$$"
        give_up "$(why_not_written "$state" 1)"
    }
    for lock_try in 1 2 3; do
        ln "$lock.$$" "$lock" 2>/dev/null && break
        read -r lock_pid lock_start 2>/dev/null <"$lock" || continue
        if [ -n "$lock_pid" ] && [ "$(started "$lock_pid")" = "$lock_start" ]; then
            rm -f "$lock.$$"
            give_up "another push is at work on this host (process $lock_pid)"
        fi
        mv "$lock" "$lock.dead.$$" 2>/dev/null && rm -f "$lock.dead.$$"
        [ "$lock_try" = 3 ] && rm -f "$lock.$$" && give_up "the lock $lock_place/lock could not be taken"
    done
    rm -f "$lock.$$"
    trap 'rm -rf "$work"; rm -f "$lock"' EXIT
    trap 'exit 1' HUP INT TERM PIPE # the last one: whoever listened is gone
    rm -rf "$work"
}

# identity PATH: what is there, in one word (or "link TARGET").
identity() {
    if [ -h "$root$1" ]; then
        echo "link $(readlink "$root$1")"
    elif [ -f "$root$1" ]; then
        digest "$root$1"
    else
        echo absent
    fi
}

# remembered PATH: its line in the manifest, without the path.
remembered() {
    MUSTER_PATH=$1 awk -F "$tab" '$1 == ENVIRON["MUSTER_PATH"] { print $2 FS $3 }' "$root$state/manifest" 2>/dev/null
}

# remember PATH ORIGINAL INSTALLED
remember() {
    if {
        MUSTER_PATH=$1 awk -F "$tab" '$1 != ENVIRON["MUSTER_PATH"]' "$root$state/manifest" 2>/dev/null
        printf '%s\t%s\t%s\n' "$1" "$2" "$3"
    } | sort 2>/dev/null >"$root$state/manifest.new"; then
        mv -f "$root$state/manifest.new" "$root$state/manifest"
    else
        give_up "$(why_not_written "$state" 4)"
    fi
}

# keep PATH: back the original up, once. What we put there ourselves is no original; what somebody else has put there
# since is a new one.
keep() {
    keep_now=$(identity "$1")
    keep_line=$(remembered "$1")
    case "$keep_line" in
    *"$tab$keep_now" | *"${tab}any" | "$keep_now$tab"*) return ;;
    esac
    if [ "$keep_now" != absent ]; then
        mkdir -p "$root$state/backup${1%/*}" 2>/dev/null
        if cp -pP "$root$1" "$root$state/backup$1.new" 2>/dev/null; then
            mv -f "$root$state/backup$1.new" "$root$state/backup$1"
        else
            rm -f "$root$state/backup$1.new"
            give_up "$(why_not_written "$state" 8)"
        fi
    fi
    remember "$1" "$keep_now" "$keep_now"
}

# intend PATH INSTALLED: write down what is about to be put there, before it is.
intend() {
    intend_line=$(remembered "$1")
    [ "${intend_line#*"$tab"}" = "$2" ] || remember "$1" "${intend_line%%"$tab"*}" "$2"
}

# put FILE PATH [MODE]: beside, checked, then renamed: whatever ends this, the old or the new file is whole. Without a
# MODE an existing file keeps its rights and owner, a new one gets 644.
put() {
    put_temp=$root$2.muster
    put_mode=${3:-}
    mkdir -p "$root${2%/*}" 2>/dev/null
    rm -f "$put_temp" # never write through what somebody has left there
    if [ -z "$put_mode" ] && [ -f "$root$2" ]; then
        cp -p "$root$2" "$put_temp" 2>/dev/null
    else
        put_mode=${put_mode:-644}
    fi
    if cat "$1" 2>/dev/null >"$put_temp" && { [ -z "$put_mode" ] || chmod "$put_mode" "$put_temp"; } &&
        cmp -s "$1" "$put_temp"; then
        sync "$put_temp" 2>/dev/null
        mv -f "$put_temp" "$root$2" && touched=yes && return
    fi
    rm -f "$put_temp"
    give_up "$(why_not_written "${2%/*}" $(($(wc -c <"$1") / 1024 + 1)))"
}

# show_diff FILE PATH: what would change, as a unified diff with little around it, cut at 200 lines. FILE may be
# /dev/null, and so may be what is at PATH.
show_diff() {
    show_old=$root$2
    [ -e "$show_old" ] || show_old=/dev/null
    if ! have diff; then
        note "this host has no diff to show what would change in $2"
    elif grep -q "$(printf '[\001-\010]')" "$1" "$show_old" 2>/dev/null; then
        printf 'diff\t%s\n' "$2 is not text"
    else
        diff -U 1 -L "$2" -L "$2" "$show_old" "$1" 2>/dev/null | head -n 200 | sed "s/^/diff$tab/"
    fi
}

replace() {
    cmp -s "$1" "$root$2" && return
    if [ -n "$check" ]; then
        would "replace $2"
        [ -n "${no_diff:-}" ] || show_diff "$1" "$2"
        touched=yes
        return
    fi
    keep "$2"
    intend "$2" "$(digest "$1")"
    put "$1" "$2" "${3:-}"
    changed "replaced $2"
}

take_away() {
    [ -e "$root$1" ] || [ -h "$root$1" ] || return 0
    if [ -n "$check" ]; then
        would "remove $1"
        [ -n "${no_diff:-}" ] || show_diff /dev/null "$1"
        touched=yes
        return
    fi
    keep "$1"
    intend "$1" absent
    rm -f "$root$1" || give_up "$(why_not_written "${1%/*}" 0)"
    touched=yes
    changed "removed $1"
}

# why_not_written DIRECTORY KB: in plain words.
why_not_written() {
    while [ ! -e "$root$1" ] && [ -n "$1" ]; do set -- "${1%/*}" "$2"; done
    why_free=$(free_kb "$root$1")
    if [ "$why_free" != unknown ] && [ "$why_free" -lt "$2" ]; then
        echo "disk full: $2 KB needed, $why_free KB free on $1"
    elif [ ! -w "$root$1" ]; then
        echo "cannot write $1: the login needs to be root, or the disk is read-only"
    else
        echo "disk full or over quota: nothing more can be written on $1, where $why_free KB are free"
    fi
}

# restart_service NAME [reload]: by what this host starts its services with; 2 where nothing is known.
restart_service() {
    restart_how=${2:-restart}
    case $(service_manager "$1") in
    systemd)
        [ "$restart_how" = restart ] && restart_how=try-restart
        limited 60 systemctl "$restart_how" "$1" >/dev/null 2>&1
        ;;
    sysvinit) limited 60 "$root/etc/init.d/$1" "$restart_how" >/dev/null 2>&1 ;;
    rc.d) limited 60 "$root/etc/rc.d/$1" "$restart_how" >/dev/null 2>&1 ;;
    *) return 2 ;;
    esac
}

# restart NAME [reload]: 1 where that failed.
restart() {
    [ "$touched" = yes ] || return 0
    restart_word=restarted
    [ "${2:-}" = reload ] && restart_word=reloaded
    if [ -n "$check" ]; then
        would "${2:-restart} $1"
        return
    fi
    restart_service "$1" "${2:-}"
    case $? in
    0) changed "$restart_word $1" ;;
    2) note "$1 was not $restart_word: how it is started is not known" && return 1 ;;
    *) note "$1 was not $restart_word: its ${2:-restart} failed" && return 1 ;;
    esac
}

put_back() { # PATH ORIGINAL
    if [ "$2" = absent ]; then
        rm -f "$root$1"
        touched=yes
        changed "removed $1"
        return
    fi
    back_temp=$root$1.muster
    mkdir -p "$root${1%/*}" 2>/dev/null
    cp -pP "$root$state/backup$1" "$back_temp" 2>/dev/null || {
        rm -f "$back_temp"
        give_up "$(why_not_written "${1%/*}" 8)"
    }
    mv -f "$back_temp" "$root$1"
    touched=yes
    changed "restored $1"
}

# roll_back: takes no lock; begin_change does.
roll_back() {
    while IFS=$tab read -r back_path back_original back_installed; do
        back_now=$(identity "$back_path")
        if [ "$back_now" = "$back_original" ]; then
            continue
        elif [ "$back_now" = "$back_installed" ] || [ "$back_installed" = any ]; then
            put_back "$back_path" "$back_original" </dev/null
        else
            note "$back_path was changed by somebody else since, and is left as it is"
        fi
    done <"$root$state/manifest"
}

# never_changed: whether there is nothing to roll back.
never_changed() { [ ! -f "$root$state/manifest" ]; }
