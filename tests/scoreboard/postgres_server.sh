#!/usr/bin/env bash
# postgres_server.sh DIR: runs a PostgreSQL server whose data and socket are in DIR, until it is ended.
#
# Exits with status 3 where no server is installed.
set -euo pipefail
directory=$1
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done
command -v postgres initdb >/dev/null || exit 3
as_user=()
if ((EUID == 0)); then  # the server refuses root
  chown postgres: "$directory"
  as_user=(setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all --)
fi
cd "$directory"
if [[ ! -d $directory/data ]]; then
  "${as_user[@]}" initdb -D "$directory/data" -U clock -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
fi
exec "${as_user[@]}" postgres -D "$directory/data" -k "$directory" -c listen_addresses= -c fsync=off \
  -c shared_buffers=16MB -c timezone=UTC
