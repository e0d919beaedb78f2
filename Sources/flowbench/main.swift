import FlowCore
import FlowLog
import FlowSystem
import Glibc

// What `Scripts/bench log` times: the log by itself, on the real disk.
//
//   flowbench append FOLDER COMMITS EVENTS   durable commits of so many events of 45 bytes each
//   flowbench read FOLDER                    all events of that log
// Each prints events and microseconds.

let words = CommandLine.arguments
guard words.count > 2, words[1] == "append" && words.count == 5 || words[1] == "read" else {
  print("usage: flowbench append FOLDER COMMITS EVENTS | read FOLDER")
  exit(2)
}
let storage = LinuxStorage()
let start: Int64
var events = 0
if words[1] == "append" {
  guard let commits = Int(words[3]), let each = Int(words[4]), commits > 0, each > 0 else {
    exit(2)
  }
  var writer = try LogWriter.create(in: words[2], storage, salt: 1, engineLife: 1)
  // Bytes that deflate finds little in, as times and numbers of processes are.
  let payload = (0..<each * 45).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
  let parts = [LogPart(eventCount: each, byteCount: payload.count)]
  start = EventLoop.monotonicNow().microseconds
  for commit in 0..<commits {
    try writer.rotateIfNeeded(for: parts) { UInt32(commit) }
    try writer.append(payload.span, parts: parts, from: UInt64(events + 1))
    try writer.sync()
    events += each
  }
} else {
  var reader = try LogReader.open(words[2], in: storage, .dead)
  start = EventLoop.monotonicNow().microseconds
  while let frame = try reader.next() { events += frame.count }
}
print(events, EventLoop.monotonicNow().microseconds - start)
