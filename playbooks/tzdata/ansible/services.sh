# Which services run, how they are started, and whether they are older than the data; for the playbook's restarts:
#   service <TAB> NAME <TAB> systemd|sysvinit|none <TAB> yes|no

announce_services() {
    processes | while read -r service_process service_start; do
        service_name=$(serves "$service_process")
        service_old=no
        old_rules "$service_start" && service_old=yes
        printf 'service\t%s\t%s\t%s\n' "$service_name" "$(service_manager "$service_name")" $service_old
    done | sort -u
}
