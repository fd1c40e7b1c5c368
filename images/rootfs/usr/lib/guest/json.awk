# JSON to lines of "path<TAB>value", one per scalar: {"a": {"b": ["x"]}} becomes "a/b/0<TAB>x".
# \" \/ \\ and \uXXXX below 128 are decoded; \n, \t, \r stay as written, so that a value is one line (printf %b decodes them).
{ text = text $0 "\n" }

END { pos = 1; parse("") }

function skip() { while (index(" \t\r\n", substr(text, pos, 1)) && pos <= length(text)) pos++ }

function path_to(base, key) { return base == "" ? key : base "/" key }

function parse(path,    c, key, n, word) {
  skip()
  c = substr(text, pos, 1)
  if (c == "{" || c == "[") {
    pos++
    n = 0
    while (pos <= length(text)) {
      skip()
      if (index("}]", substr(text, pos, 1))) { pos++; return }
      if (c == "{") { key = string(); skip(); pos++ } else key = n++
      parse(path_to(path, key))
      skip()
      if (substr(text, pos, 1) == ",") pos++
    }
  } else if (c == "\"") {
    print path "\t" string()
  } else {
    match(substr(text, pos), /^[^],} \t\r\n]*/)
    word = substr(text, pos, RLENGTH)
    pos += RLENGTH > 0 ? RLENGTH : 1
    print path "\t" (word == "null" ? "" : word)
  }
}

# Reads the string literal at pos. Plain runs are taken whole: a character at a time is slow under emulation.
function string(    out, c) {
  pos++
  while (pos <= length(text)) {
    match(substr(text, pos), /^[^"\\]*/)
    out = out substr(text, pos, RLENGTH)
    pos += RLENGTH
    c = substr(text, pos, 1)
    if (c == "\"") { pos++; return out }
    c = substr(text, pos + 1, 1)
    pos += 2
    if (c == "u") { out = out unicode(substr(text, pos, 4)); pos += 4 }
    else if (c == "\"" || c == "/") out = out c
    else out = out "\\" c
  }
  return out
}

function unicode(hex,    i, n) {
  for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(hex, i, 1))) - 1
  return n < 128 ? sprintf("%c", n) : "?"
}
