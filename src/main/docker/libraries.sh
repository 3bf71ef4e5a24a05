# Writes two jars in the folder of the application that Quarkus has packaged:
# - lib/libraries.jar names the libraries, in an order that does not depend on the machine, and holds those of their classes that Quarkus
#   has changed (of package io, today), so that they are found before the originals;
# - lib/postgresql.jar is the one library of the worker.
set -eu
export LC_ALL=C
jar --extract --file=quarkus/transformed-bytecode.jar
rm -r dev
test "$(jar --list --file=quarkus/transformed-bytecode.jar | cut -d / -f 1 | sort -u | tr '\n' ' ')" = "dev io "
cd lib
{ echo "Class-Path: "; ls */*.jar | sed "s/.*/  &/"; } >../manifest
jar --create --file=libraries.jar --manifest=../manifest --date=2000-01-01T00:00:00Z -C .. io
ln -s main/org.postgresql.postgresql-*.jar postgresql.jar
test -e postgresql.jar
