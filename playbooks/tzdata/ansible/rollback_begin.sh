# What the rollback is to put back, in one round trip. Changes nothing. It answers, beside notes and errors:
#   root <TAB> PREFIX                     put before every path
#   restore <TAB> PATH <TAB> file|link|absent <TAB> TARGET of a link

step=rollback

announce_restore() { # PATH ORIGINAL INSTALLED
    restore_now=$(identity "$1")
    [ "$restore_now" = "$2" ] && return
    if [ "$restore_now" != "$3" ] && [ "$3" != any ]; then
        note "$1 was changed by somebody else since, and is left as it is"
        return
    fi
    case $2 in
    absent) printf 'restore\t%s\tabsent\t\n' "$1" ;;
    "link "*) printf 'restore\t%s\tlink\t%s\n' "$1" "${2#link }" ;;
    *) printf 'restore\t%s\tfile\t\n' "$1" ;;
    esac
}

printf 'root\t%s\n' "$root"
if [ -f "$root$state/manifest" ]; then
    take_lock
    while IFS=$tab read -r path original installed; do
        announce_restore "$path" "$original" "$installed" </dev/null
    done <"$root$state/manifest"
    announce_services
else
    note "nothing was ever changed here"
fi
printf 'done\tbegin\n'
