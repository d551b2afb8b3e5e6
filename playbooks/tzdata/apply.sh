# Puts the right rules on this host: the package where that can be had, else the zone files from the payload.
# The payload on standard input: a line "muster-tzdata 1 HEADER_BYTES BYTES", a line "ZONE SHA256 BYTES" for each
# file, then the files one after another. BYTES is the whole length.

step=apply

# names ZONE: every name of this zone that is to be looked at, the zone itself first.
names() {
    echo "$1"
    for names_pair in $MUSTER_ALIASES; do
        [ "${names_pair%%=*}" = "$1" ] && echo "${names_pair#*=}"
    done
}

# paths ZONE: the files of this zone on this host. The zone itself always; other names where they are files of their own.
paths() {
    names "$1" | while read -r paths_name; do
        for paths_path in "$zoneinfo/$paths_name" "$zoneinfo/posix/$paths_name"; do
            [ "$paths_path" = "$zoneinfo/$1" ] || { [ -f "$root$paths_path" ] && [ ! -h "$root$paths_path" ]; } || continue
            echo "$paths_path"
        done
    done
    [ "$(localtime_kind)" = copy ] && [ "$(same_rules "$(localtime_zone)")" = "$1" ] && echo "$localtime"
}

links_last() {
    while read -r link_path; do
        if [ -h "$root$link_path" ]; then echo "1 $link_path"; else echo "0 $link_path"; fi
    done | sort | cut -d ' ' -f 2
}

# wrong: "ZONE PATH" for every file that does not give what it should.
wrong() {
    for wrong_zone in $MUSTER_ZONES; do
        paths "$wrong_zone" | links_last | while read -r wrong_path; do
            right "$wrong_zone" "$root$wrong_path" || echo "$wrong_zone $wrong_path"
        done
    done
}

receive() {
    { mkdir -p "$work" && cat >"$work/payload"; } 2>/dev/null || give_up "$(why_not_written "$state" 16)"
    read -r receive_mark receive_version receive_header receive_bytes <"$work/payload"
    [ "$receive_mark $receive_version" = "muster-tzdata 1" ] || give_up "the payload did not arrive: it has no header"
    receive_got=$(($(wc -c <"$work/payload")))
    [ "$receive_got" = "$receive_bytes" ] || give_up "the payload was cut short: $receive_got of $receive_bytes bytes arrived"
    head -c "$receive_header" "$work/payload" | tail -n +2 >"$work/table"
}

# unpack ZONE: its file, checked by its digest and by what it says.
unpack() {
    unpack_at=$((receive_header + 1))
    while read -r unpack_zone unpack_digest unpack_bytes; do
        [ "$unpack_zone" = "$1" ] && break
        unpack_at=$((unpack_at + unpack_bytes))
    done <"$work/table"
    [ "$unpack_zone" = "$1" ] || give_up "the payload has no data for $1"
    tail -c "+$unpack_at" "$work/payload" | head -c "$unpack_bytes" >"$work/zone"
    [ "$(digest "$work/zone")" = "$unpack_digest" ] || give_up "the data for $1 was damaged on its way"
    right "$1" "$work/zone" || give_up "the data for $1 does not give the expected offsets on this host"
}

check_space() {
    space_kb=$(($(wc -c <"$work/payload") * 2 / 1024 + 8))
    for space_place in "$zoneinfo" "$state"; do
        space_free=$(free_kb "$root$space_place")
        [ "$space_free" = unknown ] || [ "$space_free" -ge "$space_kb" ] ||
            give_up "disk full: $space_kb KB needed, $space_free KB free on $space_place"
    done
}

each_wrong() { # COMMAND: with zone and path
    while read -r each_zone each_path; do
        "$1" "$each_zone" "$each_path" </dev/null
    done <"$work/wrong"
}

keep_original() { keep "$2"; }
expect_any() { intend "$2" any; }
write_down() { intend "$2" "$(identity "$2")"; }

# A link is replaced only if its target has not become right with the others.
install_file() {
    right "$1" "$root$2" && return
    unpack "$1"
    intend "$2" "$(digest "$work/zone")"
    put "$work/zone" "$2"
    changed "installed $1 at $2"
}

# newer OLD NEW: whether NEW is worth having: another version, and not older than the release that is right.
newer() {
    [ -n "$2" ] && [ "$2" != "(none)" ] && [ "$1" != "$2" ] || return 1
    [ -z "$MUSTER_FIXED_IN" ] && return
    [ "$(printf '%s\n%s\n' "$MUSTER_FIXED_IN" "$2" | sort | head -n 1)" = "$MUSTER_FIXED_IN" ]
}

apt_candidate() { limited 30 apt-cache policy tzdata 2>/dev/null | sed -n 's/^ *Candidate: //p'; }

apt_quiet() { limited "$1" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -y -o DPkg::Lock::Timeout=30 \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Dpkg::Options::=--force-confold "$2" --no-remove --only-upgrade \
    install tzdata >/dev/null 2>&1; }

# Lists and download have short limits; the installation a long one, and it outlives its client, since a package tool
# must not be killed at work.
upgrade_apt() {
    newer "$1" "$(apt_candidate)" || limited 40 apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=15 update >/dev/null 2>&1 ||
        note "the package lists could not be refreshed"
    newer "$1" "$(apt_candidate)" || return 1
    apt_quiet 60 --download-only && (trap '' HUP INT TERM PIPE && apt_quiet 900 --no-download)
}

upgrade_dnf() {
    newer "$1" "$(limited 60 "$package_tool" -q list --upgrades tzdata 2>/dev/null | sed -n 's/^tzdata[^ ]* *\([^ ]*\).*/\1/p' | tail -n 1)" ||
        return 1
    (trap '' HUP INT TERM PIPE && limited 900 "$package_tool" -q -y upgrade tzdata >/dev/null 2>&1)
}

upgrade_package() {
    [ "$MUSTER_PACKAGE" = auto ] && [ -z "$root" ] || return
    package_old=$(package_version)
    [ -n "$package_old" ] || return
    package_tool=$(package_manager)
    case $package_tool in
    apt-get) upgrade_apt "$package_old" ;;
    dnf | yum) upgrade_dnf "$package_old" ;;
    *) false ;;
    esac || note "the package manager has no newer tzdata to give; zone files are used"
    package_new=$(package_version)
    [ "$package_old" = "$package_new" ] && return
    touched=yes
    changed "upgraded tzdata from $package_old to $package_new"
}

date_can_be_asked || give_up "this host's date cannot be asked about an instant"
[ -d "$root$zoneinfo" ] || give_up "no zone data at $zoneinfo"
take_lock
receive
wrong >"$work/wrong"
if [ -s "$work/wrong" ]; then
    check_space
    each_wrong keep_original
    each_wrong expect_any
    upgrade_package
    each_wrong write_down
    wrong >"$work/wrong"
    each_wrong install_file
else
    note "every zone file was right already"
fi
restart_old
wrong >"$work/wrong"
[ ! -s "$work/wrong" ] || give_up "still wrong after all: $(cut -d ' ' -f 2 "$work/wrong" | tr '\n' ' ')"
printf 'done\tapply\n'
