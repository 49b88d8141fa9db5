#!/bin/bash
# Starts one Asterisk: writes its configuration from the templates of its role, then runs it as a plain user.
#
# SEATLINE_ROLE       pbx (the customer's switch) or ims (plays the operator)
# SEATLINE_*          fill the @SEATLINE_*@ marks of the templates
# SEATLINE_IMS_*      ims only: whom it lets register and what it asks of them (ims/public-users.sh)
# /run/secrets/NAME   fill the @secret:NAME@ marks; a secret is in no argument, environment or log
#
# Everything here is done with the shell's own words, so that no secret is ever an argument of a process.
set -euo pipefail
shopt -s nullglob
# Call records and what comes over AMI are for the owner and the group alone.
umask 027

fail() { printf 'seatline-switch: %s\n' "$*" >&2; exit 78; }

role=${SEATLINE_ROLE:-pbx}
templates=/usr/local/share/seatline/$role
[[ -d $templates ]] || fail "SEATLINE_ROLE is pbx or ims, not '$role'"

# $1: text; prints it with all marks filled in.
fill() {
    local text=$1 name value
    while [[ $text =~ @(SEATLINE_[A-Z_]+)@ ]]; do
        name=${BASH_REMATCH[1]}
        value=${!name:-}
        [[ -n $value ]] || fail "$name is not set"
        [[ $value =~ ^[A-Za-z0-9._:+,-]+$ ]] || fail "$name may hold letters, digits and . _ : + , - only"
        text=${text//"@$name@"/"$value"}
    done
    while [[ $text =~ @secret:([a-z-]+)@ ]]; do
        name=${BASH_REMATCH[1]}
        [[ -r /run/secrets/$name ]] || fail "the secret file $name is missing or unreadable"
        value=$(< "/run/secrets/$name")
        [[ $value =~ ^[A-Za-z0-9]{12,64}$ ]] || fail "the secret $name is not 12 to 64 letters and digits"
        text=${text//"@secret:$name@"/"$value"}
    done
    printf '%s\n' "$text"
}

# Files a person reads outside belong to the owner of the mounted log folder; root's are given to asterisk.
owner=$(stat -c %u /var/log/asterisk)
if [[ $owner == 0 ]]; then
    owner=$(id -u asterisk)
    group=$(id -g asterisk)
else
    group=$(stat -c %g /var/log/asterisk)
fi

mkdir -p /etc/asterisk /run/asterisk /var/log/asterisk/{cdr-csv,cdr-custom,cel-custom}
chmod 0750 /etc/asterisk
for template in "$templates"/*.conf; do
    target=/etc/asterisk/${template##*/}
    text=$(< "$template")
    (fill "$text" > "$target.new") || exit 78
    mv "$target.new" "$target"
done

if [[ $role == ims ]]; then
    seatline-public-users
fi

# Tables of call records, beside the files, where somebody wants them. What they are told is among the secrets:
# it holds passwords.
if [[ $role == pbx ]]; then
    for backend in cdr_pgsql cdr_adaptive_odbc cdr_sqlite3_custom; do
        [[ -r /run/secrets/$backend.conf ]] || continue
        files=("$backend.conf") modules=("$backend")
        if [[ $backend == cdr_adaptive_odbc ]]; then
            files+=(res_odbc.conf)
            modules=(res_odbc_transaction res_odbc cdr_adaptive_odbc)
            [[ -r /run/secrets/odbc.ini ]] && printf '%s\n' "$(< /run/secrets/odbc.ini)" > /etc/odbc.ini
        fi
        for file in "${files[@]}"; do
            [[ -r /run/secrets/$file ]] || fail "the secret file $file is missing or unreadable"
            (umask 077; printf '%s\n' "$(< "/run/secrets/$file")" > "/etc/asterisk/$file")
        done
        printf 'load = %s.so\n' "${modules[@]}" >> /etc/asterisk/modules.conf
    done
fi

# AMI over TLS, on a port of its own, where a certificate with its key is given.
if [[ $role == pbx && -r /run/secrets/ami.pem ]]; then
    (umask 077; printf '%s\n' "$(< /run/secrets/ami.pem)" > /etc/asterisk/ami.pem)
    fill 'tlsenable = yes
tlsbindaddr = @SEATLINE_AMI_ADDRESS@:@SEATLINE_AMI_TLS_PORT@
tlscertfile = /etc/asterisk/ami.pem' > /etc/asterisk/manager-tls.conf
fi

if [[ $(id -u) == 0 ]]; then
    chown -R "$owner:$group" /etc/asterisk /run/asterisk /var/log/asterisk \
        /var/lib/asterisk /var/spool/asterisk /var/cache/asterisk
    exec setpriv --reuid="$owner" --regid="$group" --clear-groups --no-new-privs \
        /usr/sbin/asterisk -f "$@"
fi
exec /usr/sbin/asterisk -f "$@"
