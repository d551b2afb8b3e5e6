# What apply would change here, as sentences and as a diff of what the files say; changes nothing. Package lists are not
# refreshed, so a newer package may be known to apply only.

step=check

# would_say ZONE PATH: the answers of a file before and after.
would_say() {
    would "install $1 at $2"
    printf 'diff\t--- %s\ndiff\t+++ %s\n' "$2" "$2"
    for say_pair in $MUSTER_EXPECTED; do
        case $say_pair in "$1@"*) ;; *) continue ;; esac
        say_epoch=${say_pair#*@}
        say_epoch=${say_epoch%%=*}
        say_now=$(offset "$root$2" "$say_epoch") || say_now=missing
        [ "$say_now" = "${say_pair##*=}" ] && continue
        for say_instant in $MUSTER_INSTANTS; do
            [ "${say_instant%%=*}" = "$say_epoch" ] || continue
            printf 'diff\t-%s %s %s\n' "$1" "${say_instant#*=}" "$say_now"
            printf 'diff\t+%s %s %s\n' "$1" "${say_instant#*=}" "${say_pair##*=}"
        done
    done
}

would_upgrade() {
    [ "$MUSTER_PACKAGE" = auto ] && [ -z "$root" ] || return
    upgrade_old=$(package_version)
    case $(package_manager) in
    apt-get) upgrade_new=$(apt_candidate) ;;
    *) return ;;
    esac
    newer "$upgrade_old" "$upgrade_new" && would "upgrade tzdata from $upgrade_old to $upgrade_new"
}

can_be_done
check_lock
wrong_files=$(wrong)
if [ -n "$wrong_files" ]; then
    touched=yes
    would_upgrade
    each_wrong would_say
else
    note "every zone file is right already"
fi
processes | while read -r would_name would_start; do
    [ "$touched" = yes ] || old_rules "$would_start" && serves "$would_name"
done | sort -u | while read -r would_name; do would "restart $would_name"; done
finish
