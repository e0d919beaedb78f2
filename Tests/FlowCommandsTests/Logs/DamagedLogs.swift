import FlowCore
import FlowLog
import FlowMemoryStorage
import FlowRuntime

/// How the logs in `Fixtures/Logs/Damaged` were made of golden ones.
struct DamagedLog: Sendable {
  let name: String
  /// The golden log that was damaged.
  let golden: String
  let damage: @Sendable (MemoryFolder) throws -> Void

  init(
    _ name: String, of golden: String, _ damage: @escaping @Sendable (MemoryFolder) throws -> Void
  ) {
    self.name = name
    self.golden = golden
    self.damage = damage
  }

  static let all = bytes + segments + ends + events

  private static let bytes = [
    DamagedLog("payload-bit", of: "rotated") { log in
      log[2][log.frames(of: 2)[1].lowerBound + 50] ^= 1
    },
    DamagedLog("frame-header-bit", of: "chain") { log in
      let frames = log.frames(of: 1)
      log[1][frames[3].lowerBound + 24] ^= 0x80
    },
    DamagedLog("segment-header-bit", of: "chain") { $0[1][70] ^= 2 },
    DamagedLog("zeroed-block", of: "chain") { log in
      for index in 512..<1024 { log[1][index] = 0 }
    },
    DamagedLog("frame-twice", of: "chain") { log in
      let frame = log.frames(of: 1)[4]
      log[1].insert(contentsOf: log[1][frame], at: frame.lowerBound)
    },
  ]

  private static let segments = [
    DamagedLog("segment-missing", of: "rotated") { $0.files["00000002.seg"] = nil },
    DamagedLog("segments-swapped", of: "rotated") { log in
      (log[2], log[3]) = (log[3], log[2])
    },
    DamagedLog("segment-of-another-run", of: "rotated") { log in
      log[2] = MemoryFolder(fixture: "Logs/v1/dead-bytes")[2]
    },
    DamagedLog("segment-cut-short", of: "rotated") { $0[1].removeLast(20) },
    DamagedLog("no-segment", of: "one-step") { log in
      log.files = ["00000001.seg.new": log[1]]
    },
  ]

  private static let ends = [
    DamagedLog("torn", of: "unfinished") { $0[1].removeLast(9) },
    DamagedLog("ambiguous", of: "unfinished") { log in
      let frame = log.frames(of: 1).last ?? 0..<0
      log[1][frame.lowerBound + 50] ^= 0x10
    },
    DamagedLog("acknowledged-missing", of: "unfinished") { log in
      let frames = log.frames(of: 1)
      log[1][frames[frames.count - 2].lowerBound + 50] ^= 0x10
    },
    DamagedLog("bytes-after-seal", of: "one-step") { $0[1] += [7, 7, 7] },
    DamagedLog("more-than-a-commit", of: "unfinished") { log in
      // Written by an engine whose commits are small.
      log.files = try ScriptedRun.smallCommits()
      log[1] += (0..<2_000).map { UInt8(truncatingIfNeeded: $0 % 251 | 1) }
    },
  ]

  /// Every checksum in these is right.
  private static let events = [
    DamagedLog("newer-format", of: "one-step") { log in
      log[1][8] = 2
      log[1].correctChecksum(of: 0..<124)
    },
    DamagedLog("newer-frame", of: "chain") { log in
      let start = log.frames(of: 1)[3].lowerBound
      log[1][start + 2] = 2
      log[1].correctChecksum(of: start..<start + 40)
    },
    DamagedLog("newer-event", of: "one-step") { log in
      log.files = try ScriptedRun.forged { $0.last[0] = 31 << 1 | 1 }
    },
    DamagedLog("newer-event-field", of: "one-step") { log in
      // The last event, `runFinished`, as an extended one with a field 5.
      log.files = try ScriptedRun.forged { payloads in
        payloads.last.removeLast(2)
        payloads.last += [0, EventKind.runFinished.rawValue, 0, 2, 5, 0]
      }
    },
    DamagedLog("newer-policy", of: "one-step") { log in
      log.files = try ScriptedRun.forged(events: { events in
        events[0].body = .runCreated(created(by: "9.9", policy: 99, of: events))
      })
    },
    DamagedLog("newer-definition-field", of: "one-step") { log in
      log.files = try ScriptedRun.forged(events: { events in
        guard case .definitionPart(var bytes) = events[1].body else { return }
        // Of the workflow: 40, no bytes.
        bytes += [40, 0]
        var run = created(by: "9.9", policy: Policy.current.rawValue, of: events)
        run.definitionByteCount += 2
        events[0].body = .runCreated(run)
        events[1].body = .definitionPart(bytes)
      })
    },
    DamagedLog("event-cut-off", of: "one-step") { log in
      log.files = try ScriptedRun.forged { $0.last.removeLast() }
    },
    DamagedLog("another-decision", of: "one-step") { log in
      log.files = try ScriptedRun.forged { $0.last[$0.last.count - 1] = 1 }
    },
    DamagedLog("another-life", of: "one-step") { log in
      log.files = try ScriptedRun.forged(life: 2) { _ in }
    },
    DamagedLog("definition-missing", of: "one-step") { log in
      log.files = try ScriptedRun.forged { $0.parts.remove(at: 0) }
    },
  ]
}

/// What a history says of its run, but for two things.
private func created(by version: String, policy: Int32, of events: [Event]) -> RunCreated {
  guard case .runCreated(var created) = events[0].body else {
    preconditionFailure("a history that does not begin with its run")
  }
  created.programVersion = version
  created.policyVersion = policy
  return created
}

extension [UInt8] {
  /// Puts the CRC-32 of a part, as zlib has it, behind that part.
  fileprivate mutating func correctChecksum(of range: Range<Int>) {
    var checksum = UInt32.max
    for byte in self[range] {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    for index in 0..<4 {
      self[range.upperBound + index] = UInt8(truncatingIfNeeded: ~checksum >> (8 * UInt32(index)))
    }
  }
}

extension ScriptedRun {
  /// The payloads of a short run's commits.
  struct Payloads {
    var parts: [(events: Int, bytes: [UInt8])]

    var last: [UInt8] {
      get { parts[parts.count - 1].bytes }
      set { parts[parts.count - 1].bytes = newValue }
    }
  }

  private static var short: ScriptedRun {
    var run = ScriptedRun(.current, .scripted("build"))
    run.succeed("build")
    return run
  }

  /// The log of a short run with changed events.
  ///
  /// - Parameter changeFirst: what is done to the events of the first commit.
  static func forged(
    life: UInt32 = 1, _ change: (inout Payloads) -> Void = { _ in },
    events changeFirst: (inout [Event]) -> Void = { _ in }
  ) throws -> [String: [UInt8]] {
    var payloads = Payloads(parts: [])
    for (index, commit) in short.commitEvents.enumerated() {
      var events = commit
      if index == 0 { changeFirst(&events) }
      var encoder = EventEncoder()
      for event in events { encoder.append(event) }
      payloads.parts.append((events.count, encoder.finish()))
    }
    change(&payloads)
    let storage = MemoryFolder()
    var writer = try LogWriter.create(
      in: "log", storage, salt: 0x5a17_0007, engineLife: life, .golden())
    for part in payloads.parts {
      try writer.append(
        part.bytes.span, events: part.events, from: writer.durableSequence + 1)
      try writer.sync()
    }
    try writer.close()
    return storage.files
  }

  /// The log of a short run that says that its commits are small.
  static func smallCommits() throws -> [String: [UInt8]] {
    var options = LogOptions.golden()
    options.largestCommitBytes = 1_024
    var run = ScriptedRun(.current, .scripted("build"))
    run.launch("build")
    run.pass(milliseconds: 500)
    return try run.log(options)
  }
}
