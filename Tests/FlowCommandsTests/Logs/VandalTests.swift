import FlowCore
import FlowLog
import FlowMemoryStorage
import FlowRuntime
import Testing

/// A small log, and all that a vandal can do to it: whatever is left is called what it is, and no
/// state comes out of it that the run was never in.
struct VandalTests {
  private struct Subject {
    let files: [String: [UInt8]]
    let last: Int64
    /// By the number of the last event, where commits end.
    private var states: [Int64: RunState] = [:]

    init(_ files: [String: [UInt8]]) throws {
      self.files = files
      let storage = MemoryFolder(files)
      var reader = try LogReader.open(
        "log", in: storage, .recovering, dictionary: EventDictionary.version1)
      var replay = Replay()
      while let frame = try reader.next() {
        var payload: [UInt8] = []
        reader.withPayload { span in for index in span.indices { payload.append(span[index]) } }
        var decoder = EventDecoder(payload, first: Int64(frame.first))
        while let event = try decoder.next() { try replay.apply(event) }
        states[Int64(frame.last)] = replay.state
      }
      last = Int64(reader.lastSequence)
    }

    /// Verifies the log after a change.
    ///
    /// - Parameter mayBeWhole: whether all may be well for all that: bytes that do not count.
    func check(
      _ what: @autoclosure () -> String, mayBeWhole: Bool = false, _ files: [String: [UInt8]]
    ) throws {
      let report = try LogVerifier.verify(.log("log"), in: MemoryFolder(files), bootID: "boot")
      // What comes out is a state of the run, at the end of a commit that was whole.
      if report.verdict <= .ambiguous {
        let isRight = report.lastSequence > 0 && report.state == states[report.lastSequence]
        if !isRight { Issue.record("\(what()): a wrong state, \(report.problems)") }
      }
      switch report.verdict {
      case .intact:
        if !mayBeWhole || report.lastSequence != last {
          Issue.record("\(what()): nothing was found")
        }
      case .torn, .ambiguous:
        // It says what is lost.
        let tail = report.tail
        if tail == nil || tail?.bytes == 0 || Int64(tail?.lastSequence ?? 0) != report.lastSequence
        {
          Issue.record("\(what()): nothing is said of what is lost")
        }
      case .damaged, .newer:
        if report.problems.contains(where: { $0.path.isEmpty || "\($0)".isEmpty }) {
          Issue.record("\(what()): not said where, \(report.problems)")
        }
      }
    }
  }

  /// Two lives, the first with a torn end; the second ended. Three segments.
  private static func small() throws -> Subject {
    var run = ScriptedRun(.current, .scripted("a"), id: "r")
    run.launch("a")
    run.pass(milliseconds: 500)
    run.damages[1] = { $0["00000001.seg"]?.append(contentsOf: [1, 2, 3]) }
    run.restart()
    run.succeed("a")
    return try Subject(try run.log(.golden(rotation: 150)))
  }

  /// Where bytes are that no reader looks at: behind the length that a successor names.
  private static func deadBytes(_ files: [String: [UInt8]]) -> [String: Range<Int>] {
    var dead: [String: Range<Int>] = [:]
    for (name, bytes) in files {
      guard let number = Int(name.prefix(8)) else { continue }
      guard let next = files["0000000\(number + 1).seg"] else { continue }
      let length = (0..<8).reduce(0) { $0 | Int(next[40 + $1]) << (8 * $1) }
      dead[name] = length..<bytes.count
    }
    return dead
  }

  @Test func theLogIsWhatTheseTestsNeed() throws {
    let subject = try Self.small()
    #expect(subject.files.count >= 3)
    #expect(Self.deadBytes(subject.files).values.contains { !$0.isEmpty })
    try subject.check("whole", mayBeWhole: true, subject.files)
  }

  /// Each file by itself, so that they run side by side.
  @Test(arguments: ["00000001.seg", "00000002.seg", "00000003.seg"])
  func everyFlippedBitIsFound(name: String) throws {
    let subject = try Self.small()
    let dead = Self.deadBytes(subject.files)[name] ?? 0..<0
    var files = subject.files
    let bytes = try #require(files[name])
    for bit in 0..<bytes.count * 8 {
      files[name]?[bit / 8] = bytes[bit / 8] ^ 1 << (bit % 8)
      try subject.check(
        "\(name), bit \(bit)", mayBeWhole: dead.contains(bit / 8), files)
      files[name]?[bit / 8] = bytes[bit / 8]
    }
  }

  @Test func everyLengthIsFoundOut() throws {
    let subject = try Self.small()
    let dead = Self.deadBytes(subject.files)
    for (name, bytes) in subject.files.sorted(by: { $0.key < $1.key }) {
      for length in 0..<bytes.count {
        var files = subject.files
        files[name] = Array(bytes.prefix(length))
        // Cut where a commit ends, a log ends as if it had always been so.
        let report = try LogVerifier.verify(.log("log"), in: MemoryFolder(files), bootID: "boot")
        if report.verdict == .intact, dead[name] == nil {
          #expect(report.tail?.verdict == .intact(isSealed: false), "\(name) cut to \(length)")
          #expect(report.lastSequence <= subject.last)
          continue
        }
        try subject.check(
          "\(name) cut to \(length)", mayBeWhole: length >= (dead[name]?.lowerBound ?? .max), files)
      }
    }
  }

  @Test func everyRowOfZeroedBlocksIsFound() throws {
    let ids = (1...14).map { "s\($0)" }
    var run = ScriptedRun(.current, .scripted(ids), jobs: 1)
    for id in ids { run.succeed(id) }
    let subject = try Subject(try run.log(.golden(deflated: false)))
    let bytes = try #require(subject.files["00000001.seg"])
    let blocks = (bytes.count + 511) / 512
    #expect(blocks >= 4)
    for first in 0..<blocks {
      for last in first..<blocks {
        var files = subject.files
        let range = first * 512..<min(bytes.count, (last + 1) * 512)
        files["00000001.seg"]?.replaceSubrange(
          range, with: [UInt8](repeating: 0, count: range.count))
        try subject.check("blocks \(first) to \(last) are zero", files)
      }
    }
  }

  @Test func everyPairOfSegmentsIsToldApart() throws {
    let ids = (1...8).map { "s\($0)" }
    var run = ScriptedRun(.current, .scripted(ids))
    for id in ids { run.succeed(id) }
    let subject = try Subject(try run.log(.golden(rotation: 300)))
    let names = subject.files.keys.sorted()
    #expect(names.count >= 5)
    for first in names {
      var without = subject.files
      without[first] = nil
      // Without the last, the one before ends with its seal, and the run does not.
      if first == names.last {
        let report = try LogVerifier.verify(.log("log"), in: MemoryFolder(without), bootID: "boot")
        #expect(report.lastSequence < subject.last && report.state?.isFinished == false)
      } else {
        try subject.check("\(first) is gone", without)
      }
      for second in names where second != first {
        var swapped = subject.files
        swapped[first] = subject.files[second]
        try subject.check("\(second) in the place of \(first)", swapped)
        swapped[second] = subject.files[first]
        try subject.check("\(first) and \(second) swapped", swapped)
        without[second] = nil
        if names.suffix(2).contains(first) && names.suffix(2).contains(second) { continue }
        if first != names.last && second != names.last {
          try subject.check("\(first) and \(second) are gone", without)
        }
        without[second] = subject.files[second]
      }
    }
  }
}
