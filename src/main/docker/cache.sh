# cache.sh NAME JAR: writes the AOT cache NAME.aot, with the classes of JAR and of the JDK that are listed in NAME.classes, for a JVM that
# is started with NAME.args. That takes a cache only if it was made with the same collector, modules and JAR: the last are the options
# with two dashes.
set -eu
java $(grep ^-- "$1.args") -XX:+UseSerialGC -Xshare:dump -XX:+AOTClassLinking -XX:SharedClassListFile="$1.classes" \
  -XX:SharedArchiveFile="$1.aot" -cp "$PWD/$2"
