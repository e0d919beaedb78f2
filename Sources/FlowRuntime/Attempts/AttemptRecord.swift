package import CMonitor
package import FlowCore

/// The content of an attempt record, the file that an attempt's monitor writes (`record.h` in
/// CMonitor): which processes run the attempt, and how it ended.
package struct AttemptRecord: Equatable, Sendable {
  /// Written before the command is started.
  package struct Start: Hashable, Sendable {
    package var step: Int32
    /// The attempt's number.
    package var attempt: Int32
    /// The number of the event that is the intent to launch it.
    package var intent: Int64
    package var host: HostMark
    package var monitorID: Int32
    /// The monitor's start time as the kernel counts it.
    package var monitorStart: UInt64
    package var startedAt: Instant

    package var id: AttemptID { AttemptID(step: step, number: attempt) }
  }

  /// Written once the command runs.
  package struct Command: Hashable, Sendable {
    package var processID: Int32
    /// Its start time as the kernel counts it.
    package var processStart: UInt64
  }

  /// The size of a complete record; a file may be shorter while its monitor begins.
  package static let byteCount = Int(FLOW_RECORD_SIZE)

  /// Nil where this part was not written, or its checksum does not match; so for the next two.
  package var start: Start?
  package var command: Command?
  /// Has a checksum of its own, and is valid whether or not the other parts are.
  package var end: AttemptEnd?
  /// The first processes that could not be killed.
  package let survivors: [Int32]
  /// Whether the start is missing, or any part is corrupt: then a part that is nil may have been
  /// written nevertheless.
  package var isUnreadable: Bool
  /// Whether a part is whole and of a later version, so that only that version can say what became
  /// of the attempt.
  package var isNewer: Bool

  /// The parts taken together.
  enum Content: Equatable {
    /// The monitor began, and noted no end.
    case started(Start, Command?)
    case ended(AttemptEnd)
    case newer
    case unreadable
  }

  var content: Content {
    if isNewer { return .newer }
    if let end { return .ended(end) }
    guard let start, !isUnreadable else { return .unreadable }
    return .started(start, command)
  }

  /// Decodes the bytes of an attempt record, valid or not.
  package static func decode(_ bytes: [UInt8]) -> AttemptRecord {
    var record = flow_record()
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe flow_record_decode(buffer.baseAddress, buffer.count, &record)
    }
    return AttemptRecord(record)
  }

  private init(_ record: flow_record) {
    let states = [record.start_state, record.command_state, record.end_state]
    isNewer = states.contains(FLOW_PART_NEWER)
    let hasStart = [FLOW_PART_VALID, FLOW_PART_NEWER].contains(record.start_state)
    start = hasStart ? Start(record.start) : nil
    command = record.command_state == FLOW_PART_VALID ? Command(record.command) : nil
    end = record.end_state == FLOW_PART_VALID ? AttemptEnd(record.end) : nil
    let ids = record.end.unkillable_ids
    survivors = [ids.0, ids.1, ids.2, ids.3, ids.4, ids.5, ids.6, ids.7].filter { $0 > 0 }
    isUnreadable =
      !hasStart || record.command_state == FLOW_PART_BROKEN
      || record.end_state == FLOW_PART_BROKEN
  }
}

extension AttemptRecord.Start {
  fileprivate init(_ start: flow_record_start) {
    step = start.step
    attempt = start.attempt
    intent = start.intent
    host = HostMark(start.host)
    monitorID = start.monitor
    monitorStart = start.monitor_start
    startedAt = Instant(microseconds: start.started_at)
  }
}

extension AttemptRecord.Command {
  fileprivate init(_ command: flow_record_command) {
    processID = command.process
    processStart = command.process_start
  }
}

/// A `HostContext` as three numbers, the form that attempt records hold. Equal marks mean the same
/// context.
package struct HostMark: Hashable, Sendable {
  package var boot: UInt64
  package var mount: UInt64
  package var processNamespace: UInt64

  package init(_ host: HostContext) {
    boot = BootMark(host.bootID).rawValue
    mount = host.mountID
    processNamespace = host.processNamespace
  }

  package init(_ host: flow_host_context) {
    boot = host.boot
    mount = host.mount
    processNamespace = host.process_namespace
  }

  /// In the layout that monitors write.
  package var encoded: flow_host_context {
    flow_host_context(boot: boot, mount: mount, process_namespace: processNamespace)
  }
}

extension AttemptEnd {
  /// - Parameter end: made by a monitor, or found valid by `flow_record_decode`.
  package init(_ end: flow_record_end) {
    self.init(
      result: Result(end), cause: Cause(end.cause), durationMicroseconds: end.duration_us,
      cpuMicroseconds: end.cpu_us, peakMemoryKibibytes: end.peak_memory_kib,
      stragglers: end.stragglers, unkillable: end.unkillable,
      output: AttemptOutput(
        discardedBytes: end.dropped_output_bytes, isUnscrubbed: end.is_unscrubbed),
      wasInterrupted: end.was_interrupted)
    if end.outputs_size > 0 {
      outputsFile = OutputsMark(
        byteCount: end.outputs_size, checksum: end.outputs_checksum,
        isInRecord: end.outputs_inside)
    }
  }
}

extension AttemptEnd.Result {
  fileprivate init(_ end: flow_record_end) {
    switch end.result {
    case FLOW_RESULT_EXITED: self = .exited(code: UInt8(end.code))
    case FLOW_RESULT_SIGNALLED: self = .signalled(signal: UInt8(end.code))
    case FLOW_RESULT_LAUNCH_FAILED: self = .launchFailed(LaunchFailure(end))
    // C enumerations are open in Swift; the decoder admits only the cases above.
    default: preconditionFailure("an end without a result")
    }
  }
}

extension AttemptEnd.Cause {
  fileprivate init(_ cause: flow_cause) {
    switch cause {
    case FLOW_CAUSE_ITSELF: self = .byItself
    case FLOW_CAUSE_DEADLINE: self = .deadline
    case FLOW_CAUSE_STOP: self = .stop
    case FLOW_CAUSE_FORCE: self = .force
    default: preconditionFailure("an end without a cause")
    }
  }
}

extension LaunchFailure {
  /// - Parameter end: of a launch that failed.
  package init(_ end: flow_record_end) {
    self.init(operation: Operation(end.operation), errno: end.code)
  }
}

extension LaunchFailure.Operation {
  package init(_ operation: flow_launch_operation) {
    switch operation {
    case FLOW_LAUNCH_CREATE_OUTPUT: self = .createOutput
    case FLOW_LAUNCH_CHANGE_DIRECTORY: self = .changeDirectory
    case FLOW_LAUNCH_EXECUTE: self = .execute
    case FLOW_LAUNCH_CREATE_RECORD: self = .createRecord
    case FLOW_LAUNCH_FORK: self = .fork
    case FLOW_LAUNCH_MAKE_SECRET: self = .makeSecret
    case FLOW_LAUNCH_MAKE_OUTPUTS: self = .makeOutputs
    default: preconditionFailure("no operation of a launch")
    }
  }
}
