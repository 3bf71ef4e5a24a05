# One class list of several: without the classes of this project, and in an order that shows what has changed.
# The lines @cp name what a class had resolved. That varies with the timing of threads; only classes with lambdas need it.

/^#/ || /^@lambda-form-invoker/ || /dev\/pgworkerpool\// || / source: / { next }
/^@cp / {
  for (i = 3; i <= NF; i++) {
    resolved[$2, $i] = 1
    if ($i > last[$2]) last[$2] = $i + 0
  }
  next
}
/^@lambda-proxy / { lambdas[$2] = 1 }
{
  sub(/ id: .*/, "")
  if (!seen[$0]++) print | "LC_ALL=C sort -r" # classes before their lambdas
}
END {
  close("LC_ALL=C sort -r")
  for (class in last) if (class in lambdas) {
    line = "@cp " class
    for (i = 1; i <= last[class]; i++) if ((class, i) in resolved) line = line " " i
    print line | "LC_ALL=C sort"
  }
}
