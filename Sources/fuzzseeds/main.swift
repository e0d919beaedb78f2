import FlowFuzzing
import FlowStorage
import FlowSystem
import Glibc

// Writes the first inputs for `Scripts/fuzz`:
//
//   fuzzseeds FIXTURES FOLDER   writes FOLDER/<target>/<name>, made of the project's fixtures
//
// The folders must exist. Definitions are files already; the script copies them.

let words = CommandLine.arguments
guard words.count == 3 else {
  print("usage: fuzzseeds FIXTURES FOLDER")
  exit(2)
}
let (fixtures, folder) = (words[1], words[2])
/// Seeds of flowsim that become schedules.
let worlds: ClosedRange<UInt64> = 1...300
/// Fuzzers need too much time for larger logs.
let longestLog = 16 << 10

func write(_ bytes: [UInt8], _ target: FuzzTarget, _ name: String) throws {
  try FileWriting.write(bytes, to: "\(folder)/\(target.rawValue)/\(name)")
}

let storage = LinuxStorage()
for kind in ["v1", "Damaged"] {
  let logs = "\(fixtures)/Logs/\(kind)"
  for log in try storage.entries(of: logs) where !log.hasSuffix(".txt") {
    let files = try storage.entries(of: "\(logs)/\(log)").map {
      ($0, try FileReading.bytes(of: "\(logs)/\(log)/\($0)", limit: 1 << 20))
    }
    if files.reduce(0, { $0 + $1.1.count }) > longestLog { continue }
    for (index, seed) in FuzzSeeds.segments(ofLog: files.map(\.1)).enumerated() {
      try write(seed, .segment, "\(kind)-\(log)-\(index)")
    }
    try write(
      FuzzSeeds.events(ofLog: Dictionary(uniqueKeysWithValues: files)), .events, "\(kind)-\(log)")
  }
}
for (index, record) in FuzzSeeds.records.enumerated() {
  try write(record, .record, "record-\(index)")
}
for (index, manifest) in FuzzSeeds.manifests.enumerated() {
  try write(manifest, .manifest, "manifest-\(index)")
}
for (index, file) in FuzzSeeds.variables.enumerated() {
  try write(file, .variables, "variables-\(index)")
}
for trace in try storage.entries(of: "\(fixtures)/Seeds") {
  let bytes = try FileReading.bytes(of: "\(fixtures)/Seeds/\(trace)", limit: 1 << 20)
  if let seed = FuzzSeeds.schedule(ofTrace: bytes) { try write(seed, .schedule, trace) }
}
for world in worlds { try write(FuzzSeeds.schedule(ofSeed: world), .schedule, "seed-\(world)") }
