#!/bin/sh
# Runs workers beside a real PostgreSQL, without and with TLS, and prints what they loaded: a class list for the JVM.
set -eu
cd "$(dirname "$0")"

export PGDATA=/tmp/data PGHOST=localhost PGDATABASE=postgres PGPASSWORD=training LC_ALL=C.UTF-8
credentials=/tmp/credentials
for login in operator logins/alice; do
  mkdir -p "$credentials/$login"
  printf %s "${login#*/}" >"$credentials/$login/username"
  printf %s "$PGPASSWORD" >"$credentials/$login/password"
done

sed /AOTCache/d ../worker.args >/tmp/worker.args # what is yet to be made

{
  initdb --no-sync --username=postgres --auth=scram-sha-256 --pwfile="$credentials/operator/password"
  pg_ctl start --wait --log=/tmp/log -o "-k /tmp -c fsync=off -c ssl=on -c ssl_cert_file=$PWD/tls.crt -c ssl_key_file=$PWD/tls.key"
  psql --quiet --username=postgres --file=worker.sql
  for mode in disable require verify-full; do
    psql --username=alice --command="CALL worker_pool.submit('training', 'SELECT 1')" \
      --command="CALL worker_pool.submit('training', 'SELECT 1/0')"
    PGWP_WORKER=training PGWP_POD=training PGWP_HOST=$PGHOST PGWP_DATABASE=$PGDATABASE PGWP_CREDENTIALS=$credentials \
      PGWP_SSLMODE=$mode PGWP_CA=$PWD/tls.crt java -Xshare:off -XX:DumpLoadedClassList=/tmp/$mode.classes @/tmp/worker.args
  done
  psql --username=alice --command="SELECT 1 / (count(*) = 3)::int FROM worker_pool.jobs WHERE status = 'done'"
  pg_ctl stop --mode=immediate
} >&2

awk -f classes.awk /tmp/*.classes
