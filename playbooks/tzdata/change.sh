# What apply and rollback share: the lock, the backups with their manifest, whole files, restarts.
#
# /var/lib/muster/tzdata/
#   manifest        path <tab> what was there <tab> what was put there; "any" where a package decides
#   backup/PATH     the original of each path, taken once; a link is kept as a link
#   lock            "pid start" of the apply or rollback that is at work

state=/var/lib/muster/tzdata
tab=$(printf '\t')
work=$root$state/work
touched=no

# give_up WORDS: the end of a step that cannot do its work. It says done: what stands is known.
give_up() {
    error "$1"
    printf 'done\t%s\n' "$step"
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
    read -r lock_pid lock_start 2>/dev/null <"$root$state/lock" || return 0
    [ -n "$lock_pid" ] && [ "$(started "$lock_pid")" = "$lock_start" ] || return 0
    give_up "another push is at work on this host (process $lock_pid)"
}

take_lock() {
    mkdir -p "$root$state" 2>/dev/null || give_up "$(why_not_written "$state" 4)"
    lock=$root$state/lock
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
        [ "$lock_try" = 3 ] && rm -f "$lock.$$" && give_up "the lock $state/lock could not be taken"
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

digest() {
    if have sha256sum; then
        digest_line=$(sha256sum <"$1")
    else
        digest_line=$(openssl dgst -sha256 -r <"$1")
    fi
    echo "${digest_line%% *}"
}

# remembered PATH: its line in the manifest, without the path.
remembered() { sed -n "s|^$1$tab||p" "$root$state/manifest" 2>/dev/null; }

# remember PATH ORIGINAL INSTALLED
remember() {
    if {
        grep -v "^$1$tab" "$root$state/manifest" 2>/dev/null
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

# put FILE PATH: beside, checked, then renamed: whatever ends this, the old or the new file is whole.
put() {
    put_temp=$root$2.muster
    mkdir -p "$root${2%/*}" 2>/dev/null
    if cp "$1" "$put_temp" 2>/dev/null && chmod 644 "$put_temp" && cmp -s "$1" "$put_temp"; then
        sync "$put_temp" 2>/dev/null
        mv -f "$put_temp" "$root$2" && touched=yes && return
    fi
    rm -f "$put_temp"
    give_up "$(why_not_written "${2%/*}" $(($(wc -c <"$1") / 1024 + 1)))"
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

# restart_service NAME: by what this host starts its services with; 2 where nothing is known.
restart_service() {
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        limited 60 systemctl try-restart "$1" >/dev/null 2>&1
    elif [ -x "$root/etc/init.d/$1" ]; then
        limited 60 "$root/etc/init.d/$1" restart >/dev/null 2>&1
    elif [ -x "$root/etc/rc.d/$1" ]; then
        limited 60 "$root/etc/rc.d/$1" restart >/dev/null 2>&1
    else
        return 2
    fi
}

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
