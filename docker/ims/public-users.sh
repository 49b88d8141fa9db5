#!/bin/bash
# Writes whom the operator knows and what it asks of them: pjsip-numbers.conf and extensions-globals.conf of `ims`.
# The entrypoint calls it; `docker exec -e SEATLINE_IMS_... CONTAINER seatline-public-users reload` calls it again
# in a running container, with other demands. docker/README.md has the table of the variables.
#
# /run/secrets/ims-passwords  "number password" a line; without the file nobody is asked for a password
set -euo pipefail
umask 027

fail() { printf 'seatline-switch: %s\n' "$*" >&2; exit 78; }

# $1: name of the variable, $2: what it is when empty, $3: what it may be.
setting() {
    local value=${!1:-$2}
    [[ $value =~ ^($3)$ ]] || fail "$1 is '$value', not like $3"
    printf -v "$1" '%s' "$value"
}

# $1: FIRSTxCOUNT ...; fills `users`.
count_out() {
    local range first count sign i
    users=()
    for range in $1; do
        [[ $range =~ ^(\+?)([1-9][0-9]{2,14})x([0-9]{1,5})$ ]] || fail "'$range' is not like +868702120001x69"
        sign=${BASH_REMATCH[1]} first=${BASH_REMATCH[2]} count=${BASH_REMATCH[3]}
        for ((i = 0; i < count; i++)); do users+=("$sign$((first + i))"); done
    done
}

# Fills `password_of` from the file, by public user: 0870... stands for +86870...
read_passwords() {
    local number password rest
    while read -r number password rest || [[ -n $number ]]; do
        [[ -z $number || $number == '#'* ]] && continue
        [[ $number == 0* ]] && number=+86${number#0}
        [[ $number =~ ^\+?[1-9][0-9]{2,14}$ && $password =~ ^[\!-~]{1,64}$ && $password != *\\* && -z $rest ]] ||
            fail "a line of the secret file ims-passwords is not a number and its password"
        password_of[$number]=$password
    done < "$1"
}

# $1: a public user; prints the digest user it has to show.
auth_user() {
    local name=$SEATLINE_IMS_AUTH_USER
    name=${name//'{user}'/"$1"}
    name=${name//'{bare}'/"${1#+}"}
    printf '%s' "${name//'{domain}'/"$SEATLINE_IMS_DOMAIN"}"
}

number='[0-9]{1,5}'
setting SEATLINE_IMS_DOMAIN ims.example.net '[a-z0-9.-]+'
setting SEATLINE_IMS_AUTH_USER '{user}@{domain}' '[A-Za-z0-9@.+_{}-]+'
setting SEATLINE_IMS_CHALLENGE register 'register|invite'
setting SEATLINE_IMS_EXPIRES 60-7200 "$number-$number"
setting SEATLINE_IMS_TIMERS yes 'no|yes|required|always'
setting SEATLINE_IMS_SESSION 1800 "$number"
setting SEATLINE_IMS_RELIABLE yes 'no|yes|required|peer_supported'

declare -A password_of=()
demanding=no
if [[ -e /run/secrets/ims-passwords ]]; then
    demanding=yes
    read_passwords /run/secrets/ims-passwords
fi
setting SEATLINE_IMS_CALLERS "$([[ $demanding == yes ]] && printf registered || printf any)" 'any|registered'
setting SEATLINE_IMS_IDENTITY optional 'optional|required'
setting SEATLINE_IMS_CAPACITY 0 "$number"
count_out "${SEATLINE_IMS_NUMBERS:-}"
joined=$(IFS=,; printf '%s' "${users[*]}")

# How it is known who asks: numbers that are special by what is asked of their callers come first, by To (header).
# Without passwords the customer's switch is known by its address (ip). With them a user is known by its digest
# user, and its calls, unless they are challenged too, by their request URI: sip:number@domain, which no REGISTER
# has. The order is the same for all: Asterisk reads it at its start only.
write() {
    printf '[global]\ntype = global\nuser_agent = ims\ndefault_realm = %s\n' "$SEATLINE_IMS_DOMAIN"
    printf 'endpoint_identifier_order = header,request_uri,auth_username,ip\n'
    printf '\n[line](!)\ntype = endpoint\ncontext = from-pbx\ntransport = seatline-udp\ndisallow = all\n'
    printf 'allow = alaw,ulaw\ndirect_media = no\nsend_pai = yes\ntrust_id_inbound = yes\ntrust_id_outbound = yes\n'
    printf '\n[asked](!)\n100rel = %s\ntimers = %s\ntimers_sess_expires = %s\n' \
        "$SEATLINE_IMS_RELIABLE" "$SEATLINE_IMS_TIMERS" "$SEATLINE_IMS_SESSION"
    printf '\n[pbx](line,asked)\naors = %s\nidentify_by = ip,request_uri,username\n' "$joined"
    case $demanding/$SEATLINE_IMS_CHALLENGE in
        no/*) identify pbx "match = $SEATLINE_PBX_ADDRESS" ;;
        yes/register) identify pbx 'match_request_uri = /^sip:[^@]+@[a-z]/' ;;
    esac
    # Numbers whose callers are asked for more than others: see docker/README.md.
    special reliable 06 '100rel = required'
    special timers 07 'timers = required'
    special fax 10 $'t38_udptl = yes\nt38_udptl_ec = redundancy\nt38_udptl_maxdatagram = 400'
    special patient 08 $'timers = always\ntimers_sess_expires = 3600\ntimers_min_se = 3600'
    local user name
    printf '\n[user](!)\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n'
    printf 'minimum_expiration = %s\nmaximum_expiration = %s\n' \
        "${SEATLINE_IMS_EXPIRES%-*}" "${SEATLINE_IMS_EXPIRES#*-}"
    for user in "${users[@]}"; do
        printf '\n[%s](user)\n' "$user"
        [[ -n ${password_of[$user]:-} ]] || continue
        name=$(auth_user "$user")
        printf '\n[%s](line,asked)\naors = %s\nauth = %s-auth\nidentify_by = auth_username,username\n' "$name" "$user" "$user"
        printf '\n[%s-auth]\ntype = auth\nauth_type = digest\nrealm = %s\nusername = %s\npassword = %s\n' \
            "$user" "$SEATLINE_IMS_DOMAIN" "$name" "${password_of[$user]//;/\\;}"
    done
}

# $1: endpoint, $2: what it is known by.
identify() {
    printf '\n[%s]\ntype = identify\nendpoint = %s\n%s\n' "$1" "$1" "$2"
}

# $1: name, $2: last two digits of +8613900000000, $3: what is asked.
special() {
    printf '\n[pbx-%s](line)\n%s\nidentify_by = header\n' "$1" "$3"
    identify "pbx-$1" "match_header = To: /\\+86139000000$2@/"
}

# What the dialplan asks of a call: `dialplan set global` changes it while it runs.
globals() {
    printf '[globals]\nCALLERS = %s\nIDENTITY = %s\nCAPACITY = %s\n' \
        "$SEATLINE_IMS_CALLERS" "$SEATLINE_IMS_IDENTITY" "$SEATLINE_IMS_CAPACITY"
}

# $1: a file of /etc/asterisk, made of what is read; it keeps its owner.
put() {
    local file=/etc/asterisk/$1
    cat > "$file.new"
    if [[ -e $file ]]; then
        chown --reference="$file" "$file.new"
        chmod --reference="$file" "$file.new"
    fi
    mv "$file.new" "$file"
}

write | put pjsip-numbers.conf
globals | put extensions-globals.conf
if [[ ${1:-} == reload ]]; then
    /usr/sbin/asterisk -rx 'module reload res_pjsip.so'
    /usr/sbin/asterisk -rx 'dialplan reload'
fi
