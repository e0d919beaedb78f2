import CMonitor
import FlowCore
import FlowLog
import FlowMemoryStorage
import FlowPublication
import FlowRuntime
import FlowSimulation

/// The first inputs for fuzzers, made of the project's fixtures.
package enum FuzzSeeds {
  /// A log with each kind of repair (`SegmentRepair`) before it is read, and with none.
  package static func segments(ofLog segments: [[UInt8]]) -> [[UInt8]] {
    [0, 1, 2].map { [$0, 128] + segments.joined() }
  }

  /// All readable events of a log as one block.
  /// - Parameter segments: by name.
  package static func events(ofLog segments: [String: [UInt8]]) -> [UInt8] {
    var encoder = EventEncoder()
    do {
      var reader = try LogReader.open(
        "log", in: MemoryFolder(segments), .recovering, dictionary: EventDictionary.version1)
      while let frame = try reader.next() {
        let payload = reader.withPayload { span in
          unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
        }
        var decoder = EventDecoder(payload, first: Int64(frame.first))
        while let event = try decoder.next() { encoder.append(event) }
      }
    } catch {
      // The events that were read so far are a seed.
    }
    return [0] + encoder.finish()
  }

  /// Files of variables with each kind of line.
  package static let variables = [
    "A=1\nB = 2 3 \n# C=4\n;D=5\n\n_e9=\n", "A='a\nb' 'c'\nB=\"a\\\"b\\nc\" d\n",
    "A=a\\\n  b\\ \nB=\"a\\\nb\"\nC=x\"y\"'z'\n", "A=\r\nB=\u{E9}\u{1F600}\r\n",
    "x\n=\n1A=1\nB='\n",
  ].map { Array($0.utf8) }

  /// Manifests with each kind of entry, to be read as they are and with size and checksum put right.
  package static var manifests: [[UInt8]] {
    let digest = Digest(Array(0..<UInt8(Digest.byteCount)))
    let manifest = Manifest(
      of: [
        Manifest.Entry(path: "a", content: .file(size: 7, digest), mode: 0o644),
        Manifest.Entry(path: "site", content: .folder, mode: 0o755),
        Manifest.Entry(path: "site-map", content: .file(size: 0, digest), mode: 0o600),
        Manifest.Entry(path: "site/now", content: .link(target: "x"), mode: 0),
      ], in: "/w")
    let files = [manifest, Manifest(of: [], in: "")].map { $0.encoded() }
    return [0, 1].flatMap { first in files.map { [first] + $0 } }
  }

  /// An attempt record for each kind of end, as a monitor writes it: without outputs, with those in a file, and
  /// with those behind the parts.
  package static var records: [[UInt8]] {
    let ends: [(flow_result, Int32, outputs: Int64, isInside: Bool)] = [
      (FLOW_RESULT_EXITED, 3, 0, false), (FLOW_RESULT_SIGNALLED, 9, 0, false),
      (FLOW_RESULT_LAUNCH_FAILED, 2, 0, false), (FLOW_RESULT_EXITED, 0, 70_000, false),
      (FLOW_RESULT_EXITED, 0, 27, true),
    ]
    return ends.map { result, code, outputs, isInside in
      var start = flow_record_start(
        step: 1, attempt: 2, intent: 7,
        host: flow_host_context(boot: 1, mount: 2, process_namespace: 3), monitor: 41,
        monitor_start: 99, started_at: 1_000)
      var command = flow_record_command(process: 42, process_start: 100)
      var end = flow_record_end()
      (end.result, end.code) = (result, code)
      (end.duration_us, end.cpu_us, end.peak_memory_kib) = (500, 400, 300)
      (end.outputs_size, end.outputs_inside) = (outputs, isInside)
      var bytes = [UInt8](repeating: 0, count: AttemptRecord.byteCount)
      unsafe bytes.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        unsafe flow_record_encode_start(&start, base)
        unsafe flow_record_encode_command(&command, base + 128)
        unsafe flow_record_encode_end(&end, base + 192)
      }
      return [7] + bytes
    }
  }

  /// The choices of the world of a seed, except jitter and salts.
  package static func schedule(ofSeed seed: UInt64) -> [UInt8] {
    schedule(of: SeededChoices(seed: seed))
  }

  /// The choices of a recorded world; nil if the bytes are no trace.
  package static func schedule(ofTrace trace: [UInt8]) -> [UInt8]? {
    guard let world = try? TraceText.world(from: trace) else { return nil }
    let choices = ChoiceSchedule(choices(drawing: world.options) + world.schedule.entries)
    return schedule(of: ReplayedChoices(choices))
  }

  private static func schedule(of source: some ChoiceSource) -> [UInt8] {
    let writing = WritingChoices(source)
    _ = ScheduleTarget.run(writing)
    // Choices after the end are zero anyway.
    let end = writing.bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    return Array(writing.bytes[..<end])
  }

  /// Choices that draw the given options, if there are any: a trace has the options, but not the choices that
  /// drew them. Each choice determines one option, so they can be searched one after the other.
  private static func choices(
    drawing options: SimulationOptions
  ) -> [ChoiceSchedule.Entry] {
    func agreement(_ entries: [ChoiceSchedule.Entry]) -> Int {
      let drawn = SimulationOptions.draw(from: ReplayedChoices(ChoiceSchedule(entries)))
      return zip(drawn.settings, options.settings).count { $0 == $1 }
    }
    let quiet = RecordingChoices(ReplayedChoices(.empty))
    _ = SimulationOptions.draw(from: quiet)
    var entries: [ChoiceSchedule.Entry] = []
    for (index, choice) in quiet.recording[.options].enumerated() {
      var most = agreement(entries)
      for value in 1..<choice.count {
        let tried = entries + [.init(.options, index, value)]
        if agreement(tried) > most {
          entries = tried
          most = agreement(tried)
        }
      }
    }
    return entries
  }
}
