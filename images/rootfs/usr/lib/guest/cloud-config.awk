# A cloud-config's settings, as files in dir: dir/KEY holds a scalar or a list's items, one a line (runcmd: shell lines);
# dir/write_files.N.FIELD the entries of write_files. Understands the part of YAML that cloud-configs are written in:
# top-level keys, lists of scalars, flow lists of strings, lists of small maps, literal blocks (|).
function indent_of(line) { match(line, /^ */); return RLENGTH }

function unquote(s) {
  sub(/^[ \t]+/, "", s)
  sub(/[ \t]+$/, "", s)
  if (s ~ /^".*"$/) { s = substr(s, 2, length(s) - 2); gsub(/\\"/, "\"", s); gsub(/\\n/, "\n", s); gsub(/\\\\/, "\\", s) }
  else if (s ~ /^'.*'$/) { s = substr(s, 2, length(s) - 2); gsub(/''/, "'", s) }
  else sub(/[ \t]+#.*$/, "", s)
  return s
}

function shell_quote(s) { gsub(/'/, "'\\''", s); return "'" s "'" }

# [a, "b c"] to the shell words 'a' 'b c'
function flow(s,    out, item) {
  s = substr(s, 2)
  while (s !~ /^[ \t]*\]?[ \t]*$/) {
    sub(/^[ \t,]+/, "", s)
    if (match(s, /^"([^"\\]|\\.)*"/) || match(s, /^'([^']|'')*'/) || match(s, /^[^],]+/)) {
      item = substr(s, 1, RLENGTH)
      s = substr(s, RLENGTH + 1)
      out = out (out == "" ? "" : " ") shell_quote(unquote(item))
    } else break
  }
  return out
}

function put(file, value) { print value > (dir "/" file) }

# Stores a value, or begins a literal block whose lines follow.
function take(file, value, at) {
  if (value ~ /^[|>][+-]?[ \t]*$/) { block = file; block_above = at; block_indent = -1; return }
  if (value ~ /^\[/) put(file, flow(value)); else put(file, unquote(value))
}

{ sub(/\r$/, "") }

block != "" {
  if ($0 ~ /^[ \t]*$/) { blanks++; next }
  at = indent_of($0)
  if (at > block_above) {
    if (block_indent < 0) { block_indent = at; blanks = 0 }
    for (; blanks > 0; blanks--) put(block, "")
    put(block, substr($0, block_indent + 1))
    next
  }
  block = ""
  blanks = 0
}

/^[ \t]*(#|$)/ { next }

/^[A-Za-z_]+:/ {
  key = $0
  sub(/:.*/, "", key)
  value = substr($0, length(key) + 2)
  sub(/^[ \t]+/, "", value)
  if (value != "" && value !~ /^#/) take(key, value, 0)
  next
}

/^ *- / || /^ *-$/ {
  at = indent_of($0)
  value = $0
  sub(/^ *- ?/, "", value)
  if (key == "write_files") { entry++; field_line(value, at) }
  else if (key == "runcmd" || key == "bootcmd" || key == "ssh_authorized_keys" || key == "chpasswd") take(key, value, at)
  next
}

key == "write_files" { field_line($0, indent_of($0)); next }
key == "chpasswd" && /^ +list:/ { value = $0; sub(/^ +list: */, "", value); if (value != "") take("chpasswd", value, indent_of($0)) }

function field_line(line, at,    name) {
  sub(/^[ \t]+/, "", line)
  name = line
  sub(/:.*/, "", name)
  sub(/^[^:]*:[ \t]*/, "", line)
  take("write_files." entry "." name, line, at)
}
