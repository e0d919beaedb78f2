import FlowStorage

/// What happens to an operation on the disk.
enum DiskDecision {
  case done
  /// It fails, and changes nothing. What a sync would have written can still be written.
  case refused(Errno)
  /// It fails, and has been performed all the same.
  case doneAndRefused(Errno)
  /// A sync fails, and what was dirty will never be written, but for a first part of so many
  /// thousandths.
  case dropped(Errno, landedPerMille: Int, reverting: Bool)
  /// A sync reports success, and does nothing.
  case pretended

  /// Whether it fails for want of space.
  var lacksSpace: Bool {
    switch self {
    case .refused(let error), .doneAndRefused(let error): error.isOutOfSpace
    case .done, .dropped, .pretended: false
    }
  }
}
