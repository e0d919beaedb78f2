package import FlowStorage

/// Why a log cannot be read or written, and where.
package struct LogError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The folder holds no segment.
    case empty
    case damaged(Damage)
    /// A valid part of the log has a version, kind or flag that this version does not know.
    case newer
    case storage(StorageError)
    /// An earlier operation of the writer failed with this error.
    case writerFailed(StorageError)
  }

  package enum Damage: Hashable, Sendable {
    case missingSegment
    case segmentHeader
    /// The segment is shorter than it is known to have been.
    case cutShort
    case frame(FrameFault)
    /// A bad frame, and after it proof that the missing events were durable.
    case acknowledgedMissing(through: UInt64)
    /// More bad bytes than the one commit that a crash can tear.
    case moreThanOneCommit
    case bytesBeforeSeal
    case bytesAfterSeal
    /// The segment does not end where its successor's header says.
    case successorDisagrees
    case deflate
  }

  /// The segment, or the folder if there is none.
  package let path: String
  package let offset: Int64
  package let reason: Reason

  package init(_ path: String, at offset: Int64 = 0, _ reason: Reason) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }
}

/// What is wrong with a frame.
package enum FrameFault: String, Hashable, Sendable {
  case missing = "missing frame"
  case headerCutOff = "truncated frame header"
  case headerChecksum = "invalid frame header"
  case otherSalt = "frame of another segment"
  case impossible = "impossible frame length"
  case sequence = "wrong sequence number in a frame"
  case chain = "frame does not follow the one before it"
  case payloadCutOff = "truncated frame payload"
  case payloadChecksum = "frame payload with a bad checksum"
  case unfinishedCommit = "unfinished commit"
}

extension LogError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .storage(let error): error.description
    case .writerFailed(let error): "\(path): cannot append after an earlier failure: \(error)"
    case .empty: "\(path): no history log in this folder"
    case .newer: "\(path): byte \(offset): written by a newer flow"
    case .damaged(let damage): "\(path): byte \(offset): damaged: \(damage)"
    }
  }
}

extension LogError.Damage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingSegment: "missing segment"
    case .segmentHeader: "invalid segment header"
    case .cutShort: "truncated segment"
    case .frame(let fault): fault.rawValue
    case .acknowledgedMissing(let sequence):
      "invalid frame, although events up to \(sequence) were durable"
    case .moreThanOneCommit: "more invalid bytes than a crash can leave"
    case .bytesBeforeSeal: "garbage before the seal"
    case .bytesAfterSeal: "garbage after the seal"
    case .successorDisagrees: "the segment does not end where the next one begins"
    case .deflate: "frame payload that does not inflate to its length"
    }
  }
}

/// Runs an operation of the storage, and turns its error into a log's.
func wrapping<Value: ~Copyable>(
  _ path: String, at offset: Int64 = 0, _ body: () throws(StorageError) -> Value
) throws(LogError) -> Value {
  do throws(StorageError) { return try body() } catch {
    throw LogError(path, at: offset, .storage(error))
  }
}
