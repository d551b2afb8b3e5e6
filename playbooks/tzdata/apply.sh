# Puts the right rules on this host: the package where that can be had, else the zone files from the payload.
# The payload on standard input: a line "muster-tzdata 1 HEADER_BYTES BYTES", a line "ZONE BYTES" for each file, then the
# files one after another. The first BYTES is the whole length.

step=apply

receive() {
    { mkdir -p "$work" && cat >"$work/payload"; } 2>/dev/null || give_up "$(why_not_written "$state" 16)"
    read -r receive_mark receive_version receive_header receive_bytes <"$work/payload"
    [ "$receive_mark $receive_version" = "muster-tzdata 1" ] || give_up "the payload did not arrive: it has no header"
    receive_got=$(($(wc -c <"$work/payload")))
    [ "$receive_got" = "$receive_bytes" ] || give_up "the payload was cut short: $receive_got of $receive_bytes bytes arrived"
    table=$(head -c "$receive_header" "$work/payload" | tail -n +2)
}

# unpack ZONE: its file, checked by its digest and by what it says.
unpack() {
    unpack_at=$((receive_header + 1))
    # shellcheck disable=SC2086 # the words of the table, split on purpose
    set -- "$1" $table
    while [ "$#" -gt 1 ] && [ "$1" != "$2" ]; do
        unpack_at=$((unpack_at + $3))
        unpack_zone=$1
        shift 3
        set -- "$unpack_zone" "$@"
    done
    [ "$#" -gt 1 ] || give_up "the payload has no data for $1"
    tail -c "+$unpack_at" "$work/payload" | head -c "$3" >"$work/zone"
    [ "$(digest "$work/zone")" = "$(wanted "$1")" ] || give_up "the data for $1 was damaged on its way"
    right "$1" "$work/zone" || give_up "the data for $1 does not give the expected offsets on this host"
}

# A link is replaced only if its target has not become right with the others.
install_file() {
    right "$1" "$root$2" && return
    unpack "$1"
    intend "$2" "$(wanted "$1")"
    put "$work/zone" "$2" 644
    changed "installed $1 at $2"
}

apt_quiet() { limited "$1" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -y -o DPkg::Lock::Timeout=30 \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Dpkg::Options::=--force-confold "$2" --only-upgrade \
    install tzdata >/dev/null 2>&1; }

# The download has a short limit; the installation a long one, and it outlives its client, since a package tool must not
# be killed at work.
upgrade_apt() { apt_quiet 60 --download-only && (trap '' HUP INT TERM PIPE && apt_quiet 900 --no-remove); }

upgrade_dnf() { (trap '' HUP INT TERM PIPE && limited 900 "$1" -q -y upgrade tzdata >/dev/null 2>&1); }

upgrade_package() {
    package_old=$(package_version)
    case $upgrade_tool in
    apt-get) upgrade_apt ;;
    *) upgrade_dnf "$upgrade_tool" ;;
    esac || note "the upgrade of the package tzdata failed; zone files are used"
    package_new=$(package_version)
    [ "$package_old" = "$package_new" ] && return
    touched=yes
    changed "upgraded tzdata from $package_old to $package_new"
}

can_be_done
take_lock
receive
wrong_files=$(wrong)
if [ -n "$wrong_files" ]; then
    check_space "$MUSTER_PAYLOAD_BYTES"
    each_wrong keep_original
    if find_upgrade; then
        each_wrong expect_any
        upgrade_package
        each_wrong write_down
        wrong_files=$(wrong)
    fi
    each_wrong install_file
else
    note "every zone file was right already"
fi
restart_old
wrong_files=$(wrong)
[ -z "$wrong_files" ] || give_up "still wrong after all: $(echo "$wrong_files" | tr '\n' ' ')"
finish
