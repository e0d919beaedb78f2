# Scripts/plant runs this on mutants (*.mutant) followed by all sources. `checks` is 1 if each mutant is
# only checked, by itself; `root` precedes the paths of sources and is not part of what errors print.
#
# No parser is needed: the sources are formatted, so a declaration ends where a line has its indentation
# again. Statements are compared without white space, blank lines and comments, so that a new line break,
# another indentation or a comment does not matter.

FNR == 1 { is_mutant = FILENAME ~ /\.mutant$/ }
is_mutant { read_mutant(); next }
{ read_source() }

END {
  end_declarations(-1)
  for (e = 1; e <= edits; e++) locate(e)
  for (i = 1; i < ARGC; i++) {
    if (ARGV[i] ~ /\.mutant$/ && !(ARGV[i] in has_edits)) fail(ARGV[i] ": no line \"in FUNCTION:\"")
  }
  if (!failed && !checks) rewrite()
  exit failed
}

function fail(text) {
  print text | "cat >&2"
  failed = 1
}

# MARK: Mutants

# An edit is a run of lines below "in FUNCTION:" that no blank line interrupts. Each begins with a mark:
# "-" is replaced, "+" is its replacement, " " only says where.
function read_mutant(  mark) {
  if (FNR == 1) place = ""
  if ($0 ~ /^in .*:$/) {
    place = substr($0, 4, length($0) - 4)
    is_open = 0
    has_edits[FILENAME] = 1
    return
  }
  if (place == "") return
  if ($0 == "") {
    is_open = 0
    return
  }
  mark = substr($0, 1, 1)
  if ($0 !~ /^[-+ ]( |$)/) {
    fail(FILENAME ":" FNR ": expected \"- \", \"+ \" or two spaces at the beginning of an edit's line")
    return
  }
  if (!is_open) {
    edits++
    mutant[edits] = FILENAME
    start[edits] = FNR
    target[edits] = place
    is_open = 1
  }
  size[edits]++
  marks[edits, size[edits]] = mark
  texts[edits, size[edits]] = substr($0, 3)
}

# MARK: Sources

# Notes the declarations of a source: functions, types, and the variables that a body may follow.
function read_source(  rest, indent, name, path, id) {
  if (FNR == 1) {
    end_declarations(-1)
    module = substr(FILENAME, length(root "Sources/") + 1)
    sub(/\/.*/, "", module)
    is_c = FILENAME ~ /\.[ch]$/
    file = FILENAME
  }
  lines[file, FNR] = $0
  count[file] = FNR
  match($0, /^ */)
  indent = RLENGTH
  rest = substr($0, indent + 1)
  if (rest == "" || rest ~ /^(\/\/|#)/) return
  if (depth > 0 && indent <= indents[depth]) {
    end_declarations(indent)
    if (depth > 0 && indent == indents[depth]) {
      if (rest !~ /^([){]|where )/) {
        if (rest ~ /^}/) last = FNR
        end_declarations(indent - 1)
      }
      if (rest ~ /^[)}]/) return
    }
  }
  last = FNR
  name = is_c ? name_in_c(indent, rest) : name_in_swift(rest)
  if (name == "") return
  path = depth > 0 ? paths[depth] "." name : "." name
  id = ++declarations
  depth++
  indents[depth] = indent
  paths[depth] = path
  ids[depth] = id
  path_of[id] = path
  module_of[id] = module
  file_of[id] = file
  from[id] = FNR
  is_extension[id] = rest ~ /(^| )extension /
  sub(/.*\./, "", name)
  named[name] = named[name] " " id
}

# Ends the declarations that are indented by more than this.
function end_declarations(indent) {
  while (depth > 0 && indents[depth] > indent) {
    through[ids[depth]] = last
    depth--
  }
}

function name_in_swift(rest,  word) {
  # Attributes and modifiers, such as "@inline(__always) package private(set) static".
  while (rest !~ /^(init|deinit|subscript)[^A-Za-z_0-9]/ && match(rest, /^(@?[A-Za-z_]+(\([^()]*\))?) /)) {
    word = substr(rest, 1, RLENGTH - 1)
    if (word ~ /^(func|var|let|struct|enum|class|actor|protocol|extension)$/) {
      rest = substr(rest, RLENGTH + 1)
      return match(rest, /^[A-Za-z_0-9.`]+/) ? substr(rest, 1, RLENGTH) : ""
    }
    if (word !~ modifier) return ""
    rest = substr(rest, RLENGTH + 1)
  }
  if (match(rest, /^(init|deinit|subscript)[^A-Za-z_0-9]/)) return substr(rest, 1, RLENGTH - 1)
  return ""
}

BEGIN {
  modifier = "^(@.*|package|public|private|fileprivate|internal|open|static|mutating|nonmutating|final" \
    "|consuming|borrowing|nonisolated|override|indirect|required|convenience|lazy|weak|unowned|unsafe" \
    "|prefix|postfix|infix)(\\(.*\\))?$"
}

# A function's name stands before the first parenthesis.
function name_in_c(indent, rest) {
  if (indent > 0) return ""
  if (match(rest, /[A-Za-z_0-9]+\(/)) return substr(rest, RSTART, RLENGTH - 1)
  if (match(rest, /(struct|enum|union) [A-Za-z_0-9]+ [{]/)) {
    rest = substr(rest, RSTART, RLENGTH - 2)
    sub(/.* /, "", rest)
    return rest
  }
  return ""
}

# MARK: Edits

# Finds the one place of an edit and notes what changes there. An edit of new lines only puts them first
# in the body of what it names.
function locate(e,  words, n, wanted, tail, among, i, id, line, found, places, spots) {
  if (!split_runs(e)) return
  n = split(target[e], words, " ")
  wanted = words[n]
  tail = wanted
  sub(/.*\./, "", tail)
  split("", tried)
  places = spots = ""
  n = split(named[tail], among, " ")
  for (i = 1; i <= n; i++) {
    id = among[i]
    if (!ends_with(path_of[id], "." wanted) || (wanted != target[e] && module_of[id] != words[1])) continue
    if (old_runs == 0 && is_extension[id]) continue
    places = places (places == "" ? "" : ", ") shown(file_of[id], from[id])
    if (old_runs == 0) {
      if (++found == 1) begin_with(e, id)
      continue
    }
    for (line = from[id]; line <= through[id]; line++) {
      if ((file_of[id], line) in tried) continue
      tried[file_of[id], line] = 1
      if (matches(file_of[id], line, through[id])) {
        found++
        spots = spots (spots == "" ? "" : ", ") shown(file_of[id], line)
        if (found == 1) note(e, file_of[id])
      }
    }
  }
  if (places == "") {
    fail(here(e) "no function or type " target[e] " in Sources" elsewhere())
  } else if (found == 0) {
    fail(here(e) "not in " target[e] " (" places "): " first_old elsewhere())
  } else if (found > 1 && old_runs == 0) {
    fail(here(e) target[e] " is declared " found " times (" places "); name the module or the type before it")
  } else if (found > 1) {
    fail(here(e) found " times in " target[e] " (" spots "): " first_old \
      "\n  add a line before or after it that stands there only once")
  }
}

function ends_with(text, end) { return substr(text, length(text) - length(end) + 1) == end }
function here(e) { return mutant[e] ":" start[e] ": " }
function shown(f, line) { return substr(f, length(root) + 1) ":" line }

# Where the statement of the edit at hand stands outside of the function that it names, if that is a help.
function elsewhere(  f, line, n, spots) {
  if (old_runs == 0) return ""
  spots = ""
  for (f in count) {
    for (line = 1; line <= count[f]; line++) {
      if (!matches(f, line, count[f])) continue
      if (++n > 3) return ""
      spots = spots (spots == "" ? "" : ", ") shown(f, line)
    }
  }
  return n == 0 ? "" : "\n  the statement stands at " spots
}

# Splits an edit into runs of lines with the same mark, and says whether it has the right form. An old run
# is one that must be in the source.
function split_runs(e,  i) {
  runs = old_runs = 0
  first_old = ""
  for (i = 1; i <= size[e]; i++) {
    if (i == 1 || marks[e, i] != marks[e, i - 1]) {
      runs++
      run_mark[runs] = marks[e, i]
      run_code[runs] = run_text[runs] = ""
      run_indent[runs] = indentation(texts[e, i])
      if (marks[e, i] != "+") old_runs++
    }
    run_text[runs] = run_text[runs] texts[e, i] "\n"
    run_code[runs] = run_code[runs] squeezed(texts[e, i])
    if (first_old == "" && marks[e, i] == "-") first_old = texts[e, i]
  }
  for (i = 1; i <= runs; i++) {
    if (run_mark[i] == "+") continue
    if (first_old == "") first_old = run_text[i]
    if (run_code[i] == "") {
      fail(here(e) "only a comment says where the edit belongs; name a statement")
      return 0
    }
  }
  sub(/\n.*/, "", first_old)
  return 1
}

# Whether the old runs follow each other in a file from a line on, and end by the line `limit`. Notes
# where: run_from, run_through.
function matches(f, line, limit,  r, code, part) {
  if (code_at(f, line) == "") return 0
  for (r = 1; r <= runs; r++) {
    if (run_mark[r] == "+") continue
    code = ""
    while (code != run_code[r]) {
      if (line > limit) return 0
      part = code_at(f, line)
      if (part != "" && code == "") run_from[r] = line
      code = code part
      if (substr(run_code[r], 1, length(code)) != code) return 0
      run_through[r] = line++
    }
  }
  return 1
}

function code_at(f, line) {
  if (!((f, line) in code_of)) code_of[f, line] = squeezed(lines[f, line])
  return code_of[f, line]
}

# A line without white space and comments. Two spaces precede a comment that follows code.
function squeezed(text) {
  sub(/(^ *|  )\/\/.*/, "", text)
  gsub(/[ \t]/, "", text)
  return text
}

function indentation(text) {
  match(text, /^ */)
  return RLENGTH
}

# Notes the changes of the edit that was just found in a file.
function note(e, f,  r, line, by, key, text) {
  for (r = 1; r <= runs; r++) {
    if (run_mark[r] == "-") {
      for (line = run_from[r]; line <= run_through[r]; line++) {
        key = (checks ? mutant[e] : "") SUBSEP f SUBSEP line
        if (key in dropped) fail(here(e) "another edit replaces " shown(f, line) " too")
        dropped[key] = 1
        gone[f, line] = 1
      }
      changed[f] = 1
    } else if (run_mark[r] == "+") {
      # It takes the place, and the indentation, of what it replaces, or else of its neighbour.
      if (r > 1 && (run_mark[r - 1] == "-" || r == runs || run_mark[r + 1] != "-")) by = r - 1
      else by = r + 1
      line = run_from[by]
      text = indented(run_text[r], indentation(lines[f, line]) - run_indent[by])
      if (run_mark[by] == " " && by < r) {
        line = run_through[by]
        after[f, line] = after[f, line] text
      } else {
        before[f, line] = before[f, line] text
      }
      changed[f] = 1
    }
  }
}

# Notes lines that come first in the body of a declaration.
function begin_with(e, id,  line) {
  line = from[id]
  while (line < through[id] && lines[file_of[id], line] !~ /[{]$/) line++
  after[file_of[id], line] = indented(run_text[1], indentation(lines[file_of[id], line]) + 2 - run_indent[1]) \
    after[file_of[id], line]
  changed[file_of[id]] = 1
}

# Lines, each moved to the right by so many spaces, or to the left if they are fewer than none.
function indented(text, by,  parts, n, i, result) {
  n = split(text, parts, "\n")
  result = ""
  for (i = 1; i < n; i++) {
    if (parts[i] == "") result = result "\n"
    else if (by >= 0) result = result sprintf("%" by "s", "") parts[i] "\n"
    else result = result substr(parts[i], 1 - by) "\n"
  }
  return result
}

function rewrite(  f, line) {
  for (f in changed) {
    printf "" >f
    for (line = 1; line <= count[f]; line++) {
      printf "%s", before[f, line] >f
      if (!((f, line) in gone)) print lines[f, line] >f
      printf "%s", after[f, line] >f
    }
    close(f)
  }
}
