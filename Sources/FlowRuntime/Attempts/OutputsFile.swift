import CMonitor
package import FlowCore
import FlowStorage

/// The copy that a monitor leaves of what its attempt has put out (`outputs.h` in CMonitor).
package enum OutputsFile {
  /// What it says: a value for each output that is declared, or what is wrong.
  package struct Entry: Equatable, Sendable {
    /// As CMonitor numbers what is wrong; zero for a value.
    package var fault: UInt32
    package var name: String
    package var value: [UInt8]

    package init(fault: UInt32 = 0, name: String, value: [UInt8] = []) {
      self.fault = fault
      self.name = name
      self.value = value
    }
  }

  /// More than any monitor writes.
  static let mostBytes = Int64(StepOutput.mostBytesTogether + (1 << 20))

  package static func encode(_ entries: [Entry]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(FLOW_OUTPUTS_MAGIC_SIZE))
    unsafe flow_outputs_begin(&bytes)
    for entry in entries {
      var head = [UInt8](repeating: 0, count: Int(FLOW_OUTPUTS_ENTRY_SIZE))
      let name = Array(entry.name.utf8)
      unsafe flow_outputs_entry(
        &head, entry.fault, UInt32(name.count), UInt64(entry.value.count))
      bytes += head + name + entry.value
    }
    return bytes
  }

  /// Nil for what no monitor writes.
  package static func decode(_ bytes: [UInt8]) -> [Entry]? {
    let begin = encode([])
    guard bytes.starts(with: begin) else { return nil }
    var rest = bytes[begin.count...]
    var entries: [Entry] = []
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    while !rest.isEmpty {
      let head = rest.prefix(Int(FLOW_OUTPUTS_ENTRY_SIZE))
      guard head.count == FLOW_OUTPUTS_ENTRY_SIZE else { return nil }
      rest = rest.dropFirst(head.count)
      let start = head.startIndex
      let fault = UInt32(number(head[start..<start + 4]))
      let nameSize = number(head[start + 4..<start + 8])
      let size = number(head[start + 8..<start + 16])
      guard nameSize <= UInt64(rest.count), size <= UInt64(rest.count) - nameSize else {
        return nil
      }
      let name = rest.prefix(Int(nameSize))
      let value = rest.dropFirst(Int(nameSize)).prefix(Int(size))
      rest = rest.dropFirst(Int(nameSize + size))
      entries.append(
        Entry(fault: fault, name: String(decoding: name, as: UTF8.self), value: Array(value)))
    }
    return entries
  }

  package static func mark(of bytes: [UInt8]) -> OutputsMark {
    OutputsMark(
      byteCount: Int64(bytes.count),
      checksum: unsafe bytes.withUnsafeBufferPointer {
        unsafe flow_outputs_checksum($0.baseAddress, $0.count)
      })
  }
}

/// What has become of the outputs of an attempt that has ended.
enum AttemptOutputs: Equatable {
  /// It has none: its step declares none, or it did not succeed.
  case none
  case published([OutputPart])
  case refused(OutputRefusal)
  /// The copy is not what its monitor wrote: a power loss took it, or a part of it.
  case lost

  /// - Throws: if the storage fails.
  init<Store: Storage>(
    of request: LaunchRequest, _ end: AttemptEnd, in storage: Store
  ) throws(StorageError) {
    guard let outputs = request.outputs, AttemptConclusion(end).isSuccess else {
      self = .none
      return
    }
    guard let mark = end.outputsFile else {
      self = .refused(OutputRefusal(.uncollected, ""))
      return
    }
    let copy =
      mark.isInRecord
      ? try Self.read(request.recordPath, behindPartsOf: mark, storage)
      : try Self.read(outputs.file, mark.byteCount, storage)
    guard let bytes = copy, OutputsFile.mark(of: bytes).checksum == mark.checksum,
      let entries = OutputsFile.decode(bytes)
    else {
      self = .lost
      return
    }
    self = Self.judge(entries, outputs.declared)
  }

  /// Nil for a record that is missing, or too short.
  private static func read<Store: Storage>(
    _ path: String, behindPartsOf mark: OutputsMark, _ storage: Store
  ) throws(StorageError) -> [UInt8]? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      let bytes = try file.read(
        at: Int64(AttemptRecord.byteCount), count: Int(mark.byteCount))
      return bytes.count == mark.byteCount ? bytes : nil
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw error
    }
  }

  /// Nil for a file that is missing, or has another size.
  private static func read<Store: Storage>(
    _ path: String, _ size: Int64, _ storage: Store
  ) throws(StorageError) -> [UInt8]? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      guard try file.size() == size, size <= OutputsFile.mostBytes else { return nil }
      let bytes = try file.read(at: 0, count: Int(size))
      return bytes.count == size ? bytes : nil
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw error
    }
  }

  private static func judge(
    _ entries: [OutputsFile.Entry], _ declared: [StepOutput]
  ) -> AttemptOutputs {
    if let entry = entries.first(where: { $0.fault != 0 }) {
      return .refused(OutputRefusal(OutputFault(monitor: entry.fault), entry.name))
    }
    guard entries.map(\.name) == declared.map(\.name) else { return .lost }
    var parts: [OutputPart] = []
    for (place, (entry, output)) in zip(entries, declared).enumerated() {
      do throws(OutputFault) {
        parts.append(
          OutputPart(output: Int32(place), bytes: try output.type.value(of: entry.value)))
      } catch {
        return .refused(OutputRefusal(error, output.name))
      }
    }
    return .published(parts)
  }
}

extension OutputFault {
  fileprivate init(monitor fault: UInt32) {
    switch flow_outputs_fault(rawValue: fault) {
    case FLOW_OUTPUTS_MISSING: self = .missing
    case FLOW_OUTPUTS_UNDECLARED: self = .undeclared
    case FLOW_OUTPUTS_TOO_LARGE: self = .tooLarge
    case FLOW_OUTPUTS_NOT_A_FILE: self = .notAFile
    case FLOW_OUTPUTS_SECRET: self = .secret
    case FLOW_OUTPUTS_TOO_LARGE_TOGETHER: self = .tooLargeTogether
    default: self = .unreadable
    }
  }
}
