# What Scripts/torture checks of one run: its plan, the ledger that its steps wrote, and its events, as
# parts 1, 2 and 3. Prints a line for whatever does not hold, and `count` with what happened.

function field(name,   text) {
  if (!match($0, "\"" name "\":(\"[^\"]*\"|[^,}]*)")) return ""
  text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
  gsub(/"/, "", text)
  return text
}

part == 1 {
  kind[$1] = $2
  needs[$1] = $3
  order[++steps] = $1
  most[$1] = $2 == "again" ? 3 : $2 == "fails" ? 2 : 1
  next
}

part == 2 {
  id = $2 " " $3
  if ($1 == "start") {
    if (id in started) print "attempt " id " was started twice"
    started[id] = ++line
    starts[$2]++
  } else if ($1 == "end") {
    ended[id] = ++line
    code_of[id] = $4
    last_end[$2] = line
  }
  next
}

{
  if (field("sequence") != ++sequence) print "event " sequence " is missing"
  what = field("kind")
  step = field("step")
  id = step " " field("attempt")
  if (over && what != "runReopened") print what " after the end of the run"
}

what == "attemptScheduled" {
  if (id in scheduled) print "attempt " id " was scheduled twice"
  scheduled[id] = 1
  attempts[step]++
  if (cancelled) print "attempt " id " was scheduled after the cancel"
  open[id] = 1
  # All that it needs is done: what has ended by itself had ended before.
  if (id in started) {
    count = split(needs[step], all, ",")
    for (n = 1; n <= count; n++) {
      if (!(all[n] in done)) print step " was scheduled before " all[n] " was done"
      if (last_end[all[n]] > started[id]) print "attempt " id " was started before " all[n] " had ended"
    }
  }
}

what == "attemptWithdrawn" { delete scheduled[id]; attempts[step]--; delete open[id] }
what == "attemptFound" && field("found") == "running" { found++ }
what == "cancelRequested" {
  cancelled = 1
  if (field("id") in requests) print "a request to cancel acted twice"
}
what == "engineStarted" { engines_started++ }

what == "attemptEnded" {
  if (!(id in open)) print "attempt " id " ended, and was not open"
  delete open[id]
  outcome = field("outcome")
  if (outcome == "lost") {
    lost++
    losses[step]++
  } else if (outcome == "launchFailed") print "attempt " id " could not be started: errno " field("errno")
  # What it came to itself is what the history says.
  if (outcome == "exited") {
    if (!(id in ended)) print "attempt " id " is said to have exited, and has not"
    else if (code_of[id] != field("exitCode")) print "attempt " id " exited with " code_of[id] ", not " field("exitCode")
    if (kind[step] != "closed") {
      output = outputs "/" step "@" field("attempt") ".out"
      tail = ""
      while ((getline text < output) > 0) tail = text
      close(output)
      if (tail != "done") print "the output of attempt " id " is not complete"
    }
  }
  if (outcome == "signalled") print "attempt " id " was ended by a signal that nobody sent it: " field("signal")
}

what == "stepFinished" || what == "stepSkipped" {
  if (step in settled) print step " has two ends"
  settled[step] = 1
  if (what == "stepFinished") done[step] = 1
}

what == "runFinished" {
  over = 1
  outcome = field("outcome")
  expected = outcome == "succeeded" ? 0 : outcome == "failed" ? 1 : 3
  if (code != expected) print "the run " outcome ", and its engine exited with " code
}

END {
  if (!over) print "the run has no end"
  for (id in open) print "attempt " id " has no end"
  for (n = 1; n <= steps; n++) {
    step = order[n]
    if (!(step in settled)) print step " has no end"
    if (attempts[step] > most[step] + (losses[step] > 4 ? 4 : losses[step])) print step " had " attempts[step] " attempts"
    if (starts[step] > attempts[step]) print step " was started " starts[step] " times in " attempts[step] " attempts"
  }
  for (id in started) if (!(id in scheduled)) print "attempt " id " was started without an intent"
  if (engines && lost) print lost " attempts were lost, and only engines were killed"
  for (n = 0; n < lost; n++) print "count lost"
  for (n = 0; n < found; n++) print "count reattached"
}
