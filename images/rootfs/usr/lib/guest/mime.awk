# Splits a MIME multipart message: writes each part that is a shell script or a cloud-config to dir/NNN (dir/NNN.base64 if
# it is so encoded). Nested multiparts are flattened.
{ sub(/\r$/, "") }

match($0, /boundary="?[^";]+/) && !body {
  b = substr($0, RSTART + 9, RLENGTH - 9)
  sub(/^"/, "", b)
  boundary["--" b] = 1
  boundary["--" b "--"] = 1
}

$0 in boundary { if (out) close(out); out = ""; body = 0; header = 1; type = ""; coding = ""; next }

header && /^$/ {
  header = 0
  if (type ~ /shellscript|cloud-config|text\/plain/) { body = 1; out = sprintf("%s/%03d%s", dir, ++n, coding) }
  next
}
header && tolower($0) ~ /^content-type:/ { type = tolower($0) }
header && tolower($0) ~ /^content-transfer-encoding:.*base64/ { coding = ".base64" }
body { print > out }
