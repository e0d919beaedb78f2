/// The tagged fields of `attemptEnded`:
///
///     1   interrupted: no bytes
///     2   the signal that the shell tells of
///     4   the size of the output
///     5   how much of it was discarded
///     6   whether the disk was full
///     7   secrets may be left in it: no bytes
///     8   the secret because of which nothing was launched: its name
///     9   what is wrong with its value
///     10  why its outputs are not taken: a code, and the name of one
///     11  what it has found in the cache
extension AttemptEnd {
  /// Whether any of them differs from its default.
  var hasTaggedFields: Bool {
    wasInterrupted || shellSignal != nil || output != AttemptOutput()
      || launchFailure?.secret != nil || launchFailure?.fault != nil || refusal != nil
      || look != nil
  }
}

extension ByteWriter {
  mutating func writeTagged(_ end: AttemptEnd) {
    if end.wasInterrupted { writeField(1) { _ in } }
    if let signal = end.shellSignal { writeField(2) { $0.bytes.append(signal) } }
    let output = end.output
    if let count = output.byteCount { writeField(4) { $0.write(count: count) } }
    if output.discardedBytes != 0 {
      writeField(5) { $0.write(count: output.discardedBytes) }
    }
    if output.wasDiskFull { writeField(6) { $0.bytes.append(1) } }
    if output.isUnscrubbed { writeField(7) { _ in } }
    if let name = end.launchFailure?.secret { writeField(8) { $0.write(text: name) } }
    if let fault = end.launchFailure?.fault { writeField(9) { $0.bytes.append(fault.rawValue) } }
    if let refusal = end.refusal {
      writeField(10) {
        $0.bytes.append(refusal.fault.rawValue)
        $0.write(text: refusal.name)
      }
    }
    if let look = end.look { writeField(11) { $0.write(look) } }
  }
}

extension ByteReader {
  mutating func readTagged(_ tag: UInt64, of end: inout AttemptEnd) throws(CodingError) {
    let start = position
    switch tag {
    case 1:
      try readField { (_) throws(CodingError) in }
      end.wasInterrupted = true
    case 2:
      end.shellSignal = try readField { (reader) throws(CodingError) in try reader.readByte() }
    case 4...6:
      try readField { (reader) throws(CodingError) in
        switch tag {
        case 4: end.output.byteCount = try reader.readCount()
        case 5: end.output.discardedBytes = try reader.readCount()
        default: end.output.wasDiskFull = try reader.readBool()
        }
      }
      // A field with its default value is omitted.
      let isDefault =
        tag == 5 && end.output.discardedBytes == 0 || tag == 6 && !end.output.wasDiskFull
      try require(!isDefault, "output of an attempt", at: start)
    case 7:
      try readField { (_) throws(CodingError) in }
      end.output.isUnscrubbed = true
    case 8, 9:
      guard case .launchFailed(var failure) = end.result else {
        throw CodingError(offset: start, reason: .malformed("secret of an attempt"))
      }
      try readField { (reader) throws(CodingError) in
        if tag == 8 {
          failure.secret = try reader.readTextToEnd()
        } else {
          failure.fault = try reader.readCase("fault of a secret")
        }
      }
      end.result = .launchFailed(failure)
    case 10:
      let refusal = try readField { (reader) throws(CodingError) in
        OutputRefusal(try reader.readCase("fault of an output"), try reader.readTextToEnd())
      }
      // Only of what would have succeeded; and of what publishes, only if it has not.
      try require(
        end.cause == .byItself && refusal.fault.fits(end.result), "outputs of an attempt",
        at: start)
      end.refusal = refusal
    case 11:
      end.look = try readField { (reader) throws(CodingError) in try reader.readLook() }
    default:
      throw CodingError(offset: start, reason: .newer("attemptEnded has a field \(tag)"))
    }
  }
}

extension OutputFault {
  /// Whether an attempt that ended so can have it.
  package func fits(_ result: AttemptEnd.Result) -> Bool {
    switch result {
    case .exited(code: 0): !isOfFiles
    case .exited: self == .unpublished || self == .gone || self == .noInput
    case .signalled: self == .cutOff
    case .launchFailed, .lost: false
    }
  }
}
