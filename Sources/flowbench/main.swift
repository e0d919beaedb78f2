import Glibc

// What `Scripts/bench log` times: the log by itself, on the real disk.
//
//   flowbench append FOLDER COMMITS EVENTS   durable commits of so many events of 45 bytes each
//   flowbench read FOLDER                    all events of that log
//   flowbench history FOLDER EVENTS          the log of a run with so many events, eight at once
//   flowbench split FROM FOLDER              the first events of a run's log, each in its own frame
//   flowbench state FOLDER                   the events of a run's log into state, for half a second
// Each prints events and microseconds.

let words = Array(CommandLine.arguments.dropFirst())
let numbers = words.dropFirst(2).compactMap { Int($0) }.filter { $0 > 0 }
let result: Timed
switch (words.first, words.count, numbers.count) {
case ("append", 4, 2): result = try LogBench.append(to: words[1], numbers[0], each: numbers[1])
case ("read", 2, 0): result = try LogBench.read(words[1])
case ("history", 3, 1): result = try HistoryBench.write(to: words[1], events: numbers[0])
case ("split", 3, 0): result = try HistoryBench.split(words[1], into: words[2])
case ("state", 2, 0): result = try HistoryBench.readIntoState(words[1])
default:
  print(
    "usage: flowbench append FOLDER COMMITS EVENTS | read FOLDER | history FOLDER EVENTS",
    "| split FROM FOLDER | state FOLDER")
  exit(2)
}
print(result.events, result.microseconds)
