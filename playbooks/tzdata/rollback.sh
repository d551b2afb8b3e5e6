# Puts back what was there before, from the backups. What somebody else has changed since is left alone.

step=rollback

put_back() { # PATH ORIGINAL
    if [ "$2" = absent ]; then
        rm -f "$root$1"
        touched=yes
        changed "removed $1"
        return
    fi
    back_temp=$root$1.muster
    cp -pP "$root$state/backup$1" "$back_temp" 2>/dev/null || {
        rm -f "$back_temp"
        give_up "$(why_not_written "${1%/*}" 8)"
    }
    mv -f "$back_temp" "$root$1"
    touched=yes
    changed "restored $1"
}

[ -f "$root$state/manifest" ] || {
    note "nothing was ever changed here"
    printf 'done\trollback\n'
    exit 0
}
take_lock
while IFS=$tab read -r path original installed; do
    now=$(identity "$path")
    if [ "$now" = "$original" ]; then
        continue
    elif [ "$now" = "$installed" ] || [ "$installed" = any ]; then
        put_back "$path" "$original" </dev/null
    else
        note "$path was changed by somebody else since, and is left as it is"
    fi
done <"$root$state/manifest"
[ "$touched" = yes ] || note "everything is as it was before"
restart_old
printf 'done\trollback\n'
