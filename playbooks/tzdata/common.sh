# What probe, apply and rollback share; comes after muster:base.sh. POSIX sh; held by tests on dash and on busybox.
#
# From the fix, as environment variables:
#   MUSTER_ZONES     names, such as "America/Vancouver"
#   MUSTER_ALIASES   other names with the same rules: "America/Vancouver=Canada/Pacific ..."
#   MUSTER_INSTANTS  what to ask about: "1795348800=2026-11-22T12:00:00Z ..."
#   MUSTER_EXPECTED  what is right: "America/Vancouver@1795348800=-0700 ..."
#   MUSTER_TIMEZONE  the zone that the inventory gives for this host
#   MUSTER_RESTART   services that keep old rules until they are started again
#   MUSTER_PACKAGE   auto: upgrade the package where that can be done; never: only zone files
#   MUSTER_DIGESTS   SHA-256 of each zone's file in the payload: "America/Vancouver=5fd1... ..."; for apply
#   MUSTER_PAYLOAD_BYTES   how long the payload is; for apply
#   MUSTER_LOOK_FOR  which runtimes with data of their own to ask: "jvm node python"
#   MUSTER_FIXED_IN  first tz release that is right, such as 2026b; may be empty
# From the host: MUSTER_ROOT, put before every path; empty on a real one.

unset TZ TZDIR JAVA_TOOL_OPTIONS _JAVA_OPTIONS NODE_OPTIONS
zoneinfo=/usr/share/zoneinfo
localtime=/etc/localtime
# shellcheck disable=SC2034 # what muster:change.sh goes by
lock_place=/var/lib/muster/tzdata
# shellcheck disable=SC2034
state=$lock_place

# offset FILE EPOCH: the UTC offset that a zone file gives, such as -0700. A file that cannot be read would silently
# give UTC, so look at it first.
offset() {
    [ "$(dd if="$1" bs=4 count=1 2>/dev/null)" = TZif ] || return 1
    TZ=":$1" date -d "@$2" +%z 2>/dev/null
}

date_can_be_asked() { [ "$(TZ=UTC0 date -d @86400 +%Y-%m-%d 2>/dev/null)" = 1970-01-02 ]; }

# right ZONE FILE: whether the file gives the expected offset at every instant.
right() {
    for right_pair in $MUSTER_EXPECTED; do
        case $right_pair in "$1@"*) ;; *) continue ;; esac
        right_instant=${right_pair#*@}
        [ "$(offset "$2" "${right_instant%%=*}")" = "${right_pair##*=}" ] || return 1
    done
}

# same_rules NAME: the zone that this name means, when it is one of ours.
same_rules() {
    for same_zone in $MUSTER_ZONES; do
        [ "$1" = "$same_zone" ] && echo "$same_zone" && return
    done
    for same_pair in $MUSTER_ALIASES; do
        [ "$1" = "${same_pair#*=}" ] && echo "${same_pair%%=*}" && return
    done
    return 1
}

localtime_kind() {
    if [ -h "$root$localtime" ]; then
        echo link
    elif [ -e "$root$localtime" ]; then
        echo copy
    else
        echo missing
    fi
}

# localtime_file: where the data of local time lies. A link on a host below MUSTER_ROOT may be absolute.
localtime_file() {
    localtime_target=$(readlink "$root$localtime" 2>/dev/null)
    case $localtime_target in
    "$root"/*) echo "$localtime_target" ;;
    /*) echo "$root$localtime_target" ;;
    *) echo "$root$localtime" ;;
    esac
}

# behaves_like FILE FILE: the same offset in the winter and the summer before the change.
behaves_like() {
    for behaves_at in 1705320000 1721044800 1736942400 1752580800; do
        [ "$(offset "$1" $behaves_at)" = "$(offset "$2" $behaves_at)" ] || return 1
    done
}

# localtime_zone: the name the host lives by: from the link, else /etc/timezone, else a zone with the same bytes, else
# the zone of the inventory where the copy behaves like it.
localtime_zone() {
    lives_target=$(readlink "$root$localtime" 2>/dev/null)
    case $lives_target in
    */zoneinfo/*)
        lives_name=${lives_target#*/zoneinfo/}
        lives_name=${lives_name#posix/}
        echo "$lives_name"
        return
        ;;
    esac
    [ -e "$root$localtime" ] || return 1
    if read -r lives_name 2>/dev/null <"$root/etc/timezone" && [ -n "$lives_name" ]; then
        echo "$lives_name"
        return
    fi
    for lives_name in $MUSTER_ZONES; do
        cmp -s "$root$localtime" "$root$zoneinfo/$lives_name" && echo "$lives_name" && return
    done
    behaves_like "$root$localtime" "$root$zoneinfo/$MUSTER_TIMEZONE" && echo "$MUSTER_TIMEZONE"
}

# processes: "name start" of the running services that keep rules; start in seconds since 1970. Under MUSTER_ROOT the
# pid files tell, because the machine's processes are not this host's.
processes() {
    if [ -n "$root" ]; then
        for processes_name in $MUSTER_RESTART; do
            processes_pid=$root/run/$processes_name.pid
            [ -f "$processes_pid" ] && echo "$processes_name $(stat -c %Y "$processes_pid")"
        done
        return
    fi
    processes_here=$(stat -L -c %d:%i /)
    processes_boot=$(sed -n 's/^btime //p' /proc/stat 2>/dev/null)
    processes_ticks=$(getconf CLK_TCK 2>/dev/null || echo 100)
    for processes_dir in /proc/[0-9]*; do
        read -r processes_line 2>/dev/null <"$processes_dir/stat" || continue
        processes_name=${processes_line#*\(}
        processes_name=${processes_name%)*}
        serves "$processes_name" >/dev/null || continue
        [ "$(stat -L -c %d:%i "$processes_dir/root" 2>/dev/null)" = "$processes_here" ] || continue # of a container
        # shellcheck disable=SC2086 # the fields behind the name, split on purpose
        set -- ${processes_line##*) }
        echo "$processes_name $((processes_boot + ${20} / processes_ticks))"
    done
}

# serves NAME: the service of a process name: rsyslogd belongs to rsyslog.
serves() {
    for serves_name in $MUSTER_RESTART; do
        [ "$1" = "$serves_name" ] && echo "$serves_name" && return
    done
    for serves_name in $MUSTER_RESTART; do
        [ "$1" = "${serves_name}d" ] && echo "$serves_name" && return
    done
    return 1
}

# old_rules START: whether a process of this age was there before the data changed. Boot time and clock ticks are
# coarse, so two seconds count as the same moment.
old_rules() {
    old_changed=$(stat -L -c %Z "$(localtime_file)" 2>/dev/null) || return 1
    [ $(($1 + 2)) -lt "$old_changed" ]
}

package_manager() {
    for manager in apt-get dnf microdnf yum zypper apk pacman; do
        [ -x "$root/usr/bin/$manager" ] || [ -x "$root/sbin/$manager" ] && echo "$manager" && return
    done
    echo none
}

package_version() {
    [ -z "$root" ] || return 1
    if have dpkg-query; then
        dpkg-query -W -f='${Version}' tzdata 2>/dev/null
    elif have rpm; then
        rpm -q --qf '%{VERSION}-%{RELEASE}' tzdata 2>/dev/null | grep -v 'not installed'
    elif have apk; then
        apk info -e -v tzdata 2>/dev/null
    fi
}
