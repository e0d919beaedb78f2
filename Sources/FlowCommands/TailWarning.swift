import FlowLog

extension LogTail {
  /// What a person should know of how a log ends; nil where nothing is amiss.
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
