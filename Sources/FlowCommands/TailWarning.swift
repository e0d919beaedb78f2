import FlowLog

extension LogTail {
  /// A warning for people about how a log ends; nil where all is well.
  var warning: String? {
    switch verdict {
    case .intact: nil
    case .torn:
      "\(path): the last \(bytes) bytes, from \(offset) on, are a commit that was never finished;"
        + " nothing that was acknowledged is missing"
    case .ambiguous:
      "\(path): the last \(bytes) bytes, from \(offset) on, are unreadable; a crash may have left"
        + " them, or events up to \(lastAtStake) are lost"
    }
  }
}
