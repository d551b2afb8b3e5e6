# The first call of the playbook, in one round trip: look, keep the originals, write down what is about to be put there.
# After an upgrade of the package it is called again with MUSTER_UPGRADED="ZONE:PATH ..." of the first call.
# It answers, beside notes and errors:
#   root <TAB> PREFIX                     put before every path
#   upgrade <TAB> apt|command <TAB> TOOL <TAB> VERSION   this package manager has a newer tzdata
#   wrong <TAB> ZONE <TAB> PATH           to be replaced
#   package <TAB> VERSION                 what is installed now

step=apply

# settled FILE: whether it is a link that becomes right with another wrong file.
settled() {
    [ -h "$root${1#*:}" ] || return 1
    settled_target=$(readlink -f "$root${1#*:}")
    for settled_file in $wrong_files; do
        [ "$settled_file" != "$1" ] && [ "$root${settled_file#*:}" = "$settled_target" ] && return
    done
    return 1
}

announce() { # ZONE PATH
    settled "$1:$2" && return
    [ -n "${upgrade_found:-}" ] || intend "$2" "$(wanted "$1")"
    printf 'wrong\t%s\t%s\n' "$1" "$2"
}

announce_upgrade() {
    upgrade_found=yes
    each_wrong expect_any
    upgrade_way='command'
    [ "$upgrade_tool" = apt-get ] && python3 -c 'import apt_pkg' 2>/dev/null && upgrade_way=apt
    printf 'upgrade\t%s\t%s\t%s\n' $upgrade_way "$upgrade_tool" "$upgrade_old"
}

can_be_done
take_lock
printf 'root\t%s\n' "$root"
wrong_files=${MUSTER_UPGRADED:-}
if [ -n "$wrong_files" ]; then
    each_wrong write_down
    printf 'package\t%s\n' "$(package_version)"
fi
wrong_files=$(wrong)
if [ -n "$wrong_files" ]; then
    check_space "$MUSTER_PAYLOAD_BYTES"
    each_wrong keep_original
    [ -n "${MUSTER_UPGRADED:-}" ] || ! find_upgrade || announce_upgrade
    each_wrong announce
fi
announce_services
printf 'done\tbegin\n'
