#!/bin/sh
# Uses the Debian package as its user would, on the machine of .ci/machine; .ci/debian puts into /machine what is used here.
set -eu
older=$(find /machine -maxdepth 1 -name '*_amd64.deb' -not -name '*_9.*')
newer=$(find /machine -maxdepth 1 -name '*_9.*_amd64.deb')
unit=dsentr-migrate.service
settings=/etc/dsentr-migrate/config.toml

say() { printf -- '-- %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*"
  journalctl --sync
  journalctl --unit "$unit" --lines 10 --no-pager
  exit 1
}
# Compares with the input, times and versions of PostgreSQL aside.
shows() {
  printf '%s\n' "$1" | sed -E 's/[0-9.]+ m?s;/N ms;/; s/(, PostgreSQL) .*/\1 N/' >/tmp/actual
  diff -u - /tmp/actual || die "this was to be something else (-)"
}
quietly() { "$@" >/tmp/results 2>&1 || die "$* ended with $?: $(cat /tmp/results)"; }
fails() { ! "$@" >/dev/null 2>&1 || die "this was to fail: $*"; }
# Runs a script of the manual; its results are in /tmp/results, its voice in /tmp/voice.
run() { sh -eu "/machine/$1" >/tmp/results 2>/tmp/voice || die "$1 ended with $?: $(cat /tmp/results /tmp/voice)"; }
ask() { runuser -u postgres -- psql -XAtqd "${2-dsentr}" -c "$1"; }
# Waits for something, a minute at most.
waits() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    [ "$tries" -lt 600 ] || die "this did not come: $*"
    tries=$((tries + 1))
    sleep 0.1
  done
}
# How the last run of the unit ended.
outcome() { systemctl show "$unit" --property Result,ExecMainStatus | sort | xargs; }
property() { systemctl show "${2-$unit}" --property "$1" --value; }
# What the unit has written since the last time.
written() {
  journalctl --sync
  journalctl --unit "$unit" --identifier dsentr-migrate --output cat --quiet --cursor-file /tmp/cursor
}
# Other settings for the unit, until the next ones.
override() {
  mkdir -p "/run/systemd/system/$unit.d"
  cat >"/run/systemd/system/$unit.d/override.conf"
  systemctl daemon-reload
}
tried_twice() { [ "$(journalctl --unit "$unit" --grep status=6 --quiet | wc -l)" -ge 2 ]; }
succeeded() { [ "$(property ActiveState) $(outcome)" = "inactive ExecMainStatus=0 Result=success" ]; }
# What has our name where packages and administrators put things.
traces() { find /etc /usr /var -xdev -name '*dsentr*' -not -path '/var/cache/*' | sort; }
everything() { ask "SELECT count(*), sum(hashtext(c::text)) FROM pg_class c WHERE relnamespace = 'public'::regnamespace"; }

say "lintian has nothing to say"
quietly runuser -u nobody -- lintian --fail-on error,warning "$older"

say "a server as Debian has it"
traces >/tmp/before
version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
quietly pg_createcluster "$version" main
systemctl daemon-reload
systemctl start postgresql

say "install by the script of the manual"
mkdir /srv/install
cp "$older" /srv/install
cd /srv/install
run install.sh
shows "$(sed -n '/^postgres at/,$p' /tmp/results)" <<END
postgres at /var/run/postgresql:5432 as postgres, PostgreSQL N
  made          role dsentr_migrate                 without a password
  made          role dsentr_app
  made          role dsentr_owner
  made          role dsentr_readonly
  made          role dsentr                         without a password
  made          database dsentr
  made          membership of dsentr in dsentr_app
  is there      schema public
  made          extension pgcrypto
8 made; everything is there
END
shows "$(outcome)" <<END
ExecMainStatus=0 Result=success
END
shows "$(written | sed -n '/^dsentr at/p; $p')" <<END
dsentr at /var/run/postgresql:5432 as dsentr_migrate, PostgreSQL N
55 migrations applied in N ms; the database is at 2025_12_03_1
END
shows "$(ask "SELECT DISTINCT pg_get_userbyid(datdba), tableowner FROM pg_database, pg_tables
  WHERE datname = current_database() AND schemaname = 'public'")" <<END
dsentr_migrate|dsentr_migrate
END

say "the script may run again"
run install.sh
shows "$(tail -n 1 /tmp/results)" <<END
nothing to do: everything is there
END
systemctl start "$unit"
shows "$(written | tail -n 1)" <<END
nothing to do: the database is at 2025_12_03_1
END

say "by hand, as the manual shows"
run by_hand.sh
shows "$(sed -n '1,2p' /tmp/results)" <<END
dsentr at /var/run/postgresql:5432 as postgres, PostgreSQL N
the schema is as sealed at 2025_12_03_1: $(grep -o '[0-9]* objects' /tmp/results)
END

say "the unit is in order, and may do little"
quietly systemd-analyze verify "$unit"
[ ! -s /tmp/results ] || die "$(cat /tmp/results)"
quietly systemd-analyze security --offline=true --threshold=15 "$unit"
tail -n 1 /tmp/results

say "the application waits for the schema, and may not change it"
cat >/etc/systemd/system/dsentr.service <<'END'
[Service]
Type=oneshot
DynamicUser=yes
User=dsentr
ExecStart=psql -XAtqd dsentr -c "SELECT FROM users"
ExecStart=sh -c '! psql -XAtqd dsentr -c "CREATE TABLE of_mine ()"'
END
systemctl daemon-reload
quietly runuser -u postgres -- dsentr-migrate --profile installer --config "$settings" rollback --steps 1 --accept-data-loss --user postgres
systemctl start dsentr || die "$(journalctl --unit dsentr --no-pager)"
shows "$(written | tail -n 1)" <<END
1 migration applied in N ms; the database is at 2025_12_03_1
END

say "what is wrong ends it at once, and the application does not start"
echo 'nonsense = 1' >>"$settings"
fails systemctl start dsentr
shows "$(outcome) $(property NRestarts) $(property ActiveState dsentr)" <<END
ExecMainStatus=2 Result=exit-code 0 inactive
END
sed -i '$d' "$settings"
written >/dev/null

say "a server that is not there is tried again"
override <<END
[Service]
Environment=DSENTR_MIGRATE_DATABASE_PORT=1 DSENTR_MIGRATE_WAIT_TIMEOUT=0
RestartSec=100ms
END
fails systemctl start "$unit"
waits tried_twice
override </dev/null
waits succeeded

say "a server that asks for a password, by name over TCP"
sed -i 's|^host = .*|host = "localhost"|' "$settings"
written >/dev/null
fails systemctl start "$unit"
written | grep '^error'
echo 's3cret word' >owner.password
ask "ALTER ROLE dsentr_migrate PASSWORD 's3cret word'"
run password.sh
shows "$(written | sed -n '/^dsentr at/p; $p')" <<END
dsentr at localhost:5432 as dsentr_migrate, PostgreSQL N
nothing to do: the database is at 2025_12_03_1
END
rm /etc/credstore/dsentr-migrate.password
rmdir /etc/credstore
sed -i 's|^host = .*|host = "/var/run/postgresql"|' "$settings"

say "man pages"
man --warnings dsentr-migrate-up 2>/tmp/voice | sed -n '3,5p'
[ ! -s /tmp/voice ] || die "$(cat /tmp/voice)"
for page in /usr/share/man/man1/dsentr-migrate*.gz; do
  gunzip --stdout "$page" >/tmp/page.1
  mandoc -T lint -W error /tmp/page.1 || die "$page"
done

say "completions"
shows "$(bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader dsentr-migrate
  COMP_WORDS=(dsentr-migrate ro) COMP_CWORD=1; $(complete -p dsentr-migrate | sed "s/.*-F \([^ ]*\).*/\1/") dsentr-migrate ro dsentr-migrate
  echo "${COMPREPLY[@]}"')" <<END
rollback
END
shows "$(zsh -c 'autoload -U compinit; compinit -u -D; echo $_comps[dsentr-migrate]')" <<END
_dsentr-migrate
END
shows "$(fish -c 'complete -C "dsentr-migrate ro"')" <<END
rollback	Take back what is applied, newest first, each migration in one transaction
END

say "a newer package keeps what the operator has written, and leaves the database to him"
echo '# by the operator' >>"$settings"
before=$(everything)
quietly apt-get install --yes -o Dpkg::Options::=--force-confold "$newer"
shows "$(dpkg-query -W -f '${Version}' dsentr-migrate) $(tail -n 1 "$settings") $(systemctl is-enabled "$unit")" <<END
9.0.0-1 # by the operator enabled
END
[ -e "$settings.dpkg-dist" ] || die "what the new package has for settings is not shown"
rm "$settings.dpkg-dist"
[ -z "$(written)" ] || die "the new package has run something"

say "remove leaves the settings"
quietly apt-get remove --yes dsentr-migrate
[ ! -e /usr/bin/dsentr-migrate ] || die "the executable is still there"
tail -n 1 "$settings"

say "purge leaves nothing but the database"
quietly apt-get purge --yes dsentr-migrate
rm -r /etc/systemd/system/dsentr.service "/run/systemd/system/$unit.d"
traces | diff -u /tmp/before - || die "something is left"
[ "$(everything)" = "$before" ] || die "the database has changed"

say "install by Ansible, by the playbook of the manual"
ask 'DROP DATABASE dsentr' postgres
ask 'DROP ROLE dsentr_migrate, dsentr, dsentr_app, dsentr_owner, dsentr_readonly' postgres
export PYTHONPATH=/machine/ansible ANSIBLE_HOME=/tmp/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0
play() {
  quietly /usr/bin/python3 -m ansible playbook --inventory localhost, --connection local --extra-vars "package=$older" \
    /machine/playbook.yaml
  grep '^localhost ' /tmp/results | sed 's/  */ /g; s/ $//'
}
written >/dev/null || true
shows "$(play)" <<END
localhost : ok=5 changed=3 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0
END
shows "$(written | tail -n 1)" <<END
55 migrations applied in N ms; the database is at 2025_12_03_1
END
shows "$(play)" <<END
localhost : ok=5 changed=0 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0
END
