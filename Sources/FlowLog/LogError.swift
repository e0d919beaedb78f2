package import FlowStorage

/// Why a log cannot be read or written: where, and what.
package struct LogError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The folder holds no segment.
    case empty
    case damaged(Damage)
    /// A valid part of the log says things that this version does not know.
    case newer
    case storage(StorageError)
    /// The writer failed before, with this; it is of no more use.
    case writerFailed(StorageError)
  }

  package enum Damage: Hashable, Sendable {
    case missingSegment
    case segmentHeader
    /// The segment ends before what is known to have been durable.
    case cutShort
    case frame(FrameFault)
    /// A bad frame, and after it proof that events which are missing were durable.
    case acknowledgedMissing(through: UInt64)
    /// More bad bytes than the one commit that a crash can hit.
    case moreThanOneCommit
    case bytesBeforeSeal
    case bytesAfterSeal
    /// The segment does not end as its successor says.
    case successorDisagrees
    case deflate
  }

  /// The segment, or the folder if it is none.
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
  case missing = "a frame is missing"
  case headerCutOff = "a frame's header is cut off"
  case headerChecksum = "a frame's header is wrong"
  case otherSalt = "a frame is of another segment"
  case impossible = "a frame's lengths are impossible"
  case sequence = "a frame has the wrong sequence number"
  case chain = "a frame does not follow from the one before it"
  case payloadCutOff = "a frame's payload is cut off"
  case payloadChecksum = "a frame's payload is wrong"
  case unfinishedCommit = "a commit has no end"
}

extension LogError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .storage(let error): error.description
    case .writerFailed(let error): "\(path): the log is not written any more, since: \(error)"
    case .empty: "\(path): no log is here"
    case .newer: "\(path): byte \(offset): written by a newer flow"
    case .damaged(let damage): "\(path): byte \(offset): damaged: \(damage)"
    }
  }
}

extension LogError.Damage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingSegment: "the segment is missing"
    case .segmentHeader: "the segment's header is wrong"
    case .cutShort: "the segment is shorter than it was"
    case .frame(let fault): fault.rawValue
    case .acknowledgedMissing(let sequence):
      "a frame is wrong, and events up to \(sequence) were durable"
    case .moreThanOneCommit: "more bytes are wrong than a crash can leave"
    case .bytesBeforeSeal: "bytes that are no frame come before the seal"
    case .bytesAfterSeal: "bytes follow the seal"
    case .successorDisagrees: "the segment does not end where its successor begins"
    case .deflate: "a frame does not inflate to its length"
    }
  }
}

/// Runs an operation of the storage, with its error wrapped.
func wrapping<Value: ~Copyable>(
  _ path: String, at offset: Int64 = 0, _ body: () throws(StorageError) -> Value
) throws(LogError) -> Value {
  do throws(StorageError) { return try body() } catch {
    throw LogError(path, at: offset, .storage(error))
  }
}
