# What every script of a fix may use: words, paths, and questions to the host. POSIX sh; held by tests on dash and on
# busybox with nothing but its applets. In fix.yml: scripts: [muster:base.sh, ...]; docs/fixes.md describes it.
#
# From Muster, as environment variables: MUSTER_STEP (the step), MUSTER_FIX (the fix), MUSTER_BATCH (12 characters that
# stand for the fix and its parameters), MUSTER_CHECK=1 in the step check, and the fix's own parameters.
# From the host: MUSTER_ROOT, put before every path; empty on a real one.

LC_ALL=C
export LC_ALL
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
umask 022

# shellcheck disable=SC2034 # what not every script uses
{
    root=${MUSTER_ROOT:-}
    root=${root%/}
    step=${MUSTER_STEP:-probe}
    check=${MUSTER_CHECK:-}
    tab=$(printf '\t')
    lock_place=/var/lib/muster/${MUSTER_FIX:-fix}
    state=$lock_place/${MUSTER_BATCH:-}
    state=${state%/}
}

fact() { printf 'fact\t%s\t%s\t%s\n' "$1" "$2" "$3"; }
changed() { printf 'changed\t%s\n' "$1"; }
would() { printf 'would\t%s\n' "$1"; }
note() { printf 'note\t%s\n' "$1"; }
error() { printf 'error\t%s\n' "$1"; }
finish() { printf 'done\t%s\n' "$step"; }

# verdict right|stale|unsupported WORDS: what a probe of a fix without Python says of its host.
verdict() {
    fact fix verdict "$1"
    fact fix summary "$2"
}

have() { command -v "$1" >/dev/null 2>&1; }

# limited SECONDS COMMAND...: without its standard input, and not longer than that where timeout exists.
limited() {
    limited_s=$1
    shift
    if timeout 1 true 2>/dev/null; then
        timeout "$limited_s" "$@" </dev/null
    elif timeout -t 1 true 2>/dev/null; then # busybox before 1.30
        timeout -t "$limited_s" "$@" </dev/null
    else
        "$@" </dev/null
    fi
}

# free_kb DIRECTORY: what may still be written on its file system, in KB.
free_kb() {
    # shellcheck disable=SC2046 # the columns of df, split on purpose
    set -- $(df -Pk "$1" 2>/dev/null | tail -n 1)
    echo "${4:-unknown}"
}

# digest FILE: its SHA-256 in hexadecimal.
digest() {
    if have sha256sum; then
        digest_line=$(sha256sum <"$1")
    else
        digest_line=$(openssl dgst -sha256 -r <"$1")
    fi
    echo "${digest_line%% *}"
}

# one_line: standard input as one line without tabs, for a fact or a cause; at most 300 characters.
one_line() { tr '\n\t\r' '   ' | sed 's/  */ /g; s/ $//' | cut -c 1-300; }

# service_manager NAME: what starts this service here: systemd, sysvinit, rc.d or none.
service_manager() {
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        echo systemd
    elif [ -x "$root/etc/init.d/$1" ]; then
        echo sysvinit
    elif [ -x "$root/etc/rc.d/$1" ]; then
        echo rc.d
    else
        echo none
    fi
}
