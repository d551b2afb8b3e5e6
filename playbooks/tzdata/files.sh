# Which files of this host are of the zones, which of them are wrong, and whether a package could mend them.

# names ZONE: every name of this zone that is to be looked at, the zone itself first.
names() {
    echo "$1"
    for names_pair in $MUSTER_ALIASES; do
        [ "${names_pair%%=*}" = "$1" ] && echo "${names_pair#*=}"
    done
}

# own_file NAME: whether it is a file of its own, not a link and not reached through one (posix/America may be one).
own_file() {
    [ -f "$root$zoneinfo/$1" ] && [ ! -h "$root$zoneinfo/$1" ] || return 1
    [ "$(readlink -f "$root$zoneinfo/$1")" = "$(readlink -f "$root$zoneinfo")/$1" ]
}

# paths ZONE: the files of this zone on this host. The zone itself always; other names where they are files of their own.
paths() {
    echo "$zoneinfo/$1"
    names "$1" | while read -r paths_name; do
        [ "$paths_name" != "$1" ] && own_file "$paths_name" && echo "$zoneinfo/$paths_name"
        own_file "posix/$paths_name" && echo "$zoneinfo/posix/$paths_name"
    done
    [ "$(localtime_kind)" = copy ] && [ "$(same_rules "$(localtime_zone)")" = "$1" ] && echo "$localtime"
}

# wanted ZONE: the digest of its file in the payload.
wanted() {
    for wanted_pair in $MUSTER_DIGESTS; do
        [ "${wanted_pair%%=*}" = "$1" ] && echo "${wanted_pair#*=}" && return
    done
}

links_last() {
    while read -r link_path; do
        if [ -h "$root$link_path" ]; then echo "1 $link_path"; else echo "0 $link_path"; fi
    done | sort | cut -d ' ' -f 2
}

# wrong: "ZONE:PATH" for every file that does not give what it should.
wrong() {
    for wrong_zone in $MUSTER_ZONES; do
        paths "$wrong_zone" | links_last | while read -r wrong_path; do
            right "$wrong_zone" "$root$wrong_path" || echo "$wrong_zone:$wrong_path"
        done
    done
}

can_be_done() {
    date_can_be_asked || give_up "this host's date cannot be asked about an instant"
    [ -d "$root$zoneinfo" ] || give_up "no zone data at $zoneinfo"
}

# check_space BYTES: before anything is written.
check_space() {
    space_kb=$(($1 * 2 / 1024 + 8))
    for space_place in "$zoneinfo" "$state"; do
        space_free=$(free_kb "$root$space_place")
        [ "$space_free" = unknown ] || [ "$space_free" -ge "$space_kb" ] ||
            give_up "disk full: $space_kb KB needed, $space_free KB free on $space_place"
    done
}

# newer OLD NEW: whether NEW is worth having: another version, and not older than the release that is right.
newer() {
    [ -n "$2" ] && [ "$2" != "(none)" ] && [ "$1" != "$2" ] || return 1
    [ -z "$MUSTER_FIXED_IN" ] && return
    [ "$(printf '%s\n%s\n' "$MUSTER_FIXED_IN" "$2" | sort | head -n 1)" = "$MUSTER_FIXED_IN" ]
}

apt_candidate() { limited 30 apt-cache policy tzdata 2>/dev/null | sed -n 's/^ *Candidate: //p'; }

apt_has_newer() { # VERSION
    newer "$1" "$(apt_candidate)" && return
    limited 40 apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=15 update >/dev/null 2>&1 ||
        note "the package lists could not be refreshed"
    newer "$1" "$(apt_candidate)"
}

dnf_has_newer() { # VERSION TOOL
    newer "$1" "$(limited 60 "$2" -q list --upgrades tzdata 2>/dev/null | sed -n 's/^tzdata[^ ]* *\([^ ]*\).*/\1/p' | tail -n 1)"
}

# find_upgrade: whether a package manager has a tzdata worth having; says which in upgrade_tool. Lists may be refreshed.
find_upgrade() {
    [ "$MUSTER_PACKAGE" = auto ] && [ -z "$root" ] || return
    upgrade_old=$(package_version)
    [ -n "$upgrade_old" ] || return
    upgrade_tool=$(package_manager)
    case $upgrade_tool in
    apt-get) apt_has_newer "$upgrade_old" && return ;;
    dnf | yum) dnf_has_newer "$upgrade_old" "$upgrade_tool" && return ;;
    esac
    note "the package manager has no newer tzdata to give; zone files are used"
    return 1
}

# each_wrong COMMAND: with zone and path. The list is kept in a variable: a full disk must not make it look empty.
each_wrong() {
    for each_file in $wrong_files; do
        "$1" "${each_file%%:*}" "${each_file#*:}"
    done
}

keep_original() { keep "$2"; }
expect_any() { intend "$2" any; }
write_down() { intend "$2" "$(identity "$2")"; }
