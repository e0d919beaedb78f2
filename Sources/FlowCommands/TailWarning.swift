import FlowLog

extension LogTail {
  /// A warning for people about how a log ends; nil where all is well.
  var warning: String? {
    switch verdict {
    case .intact: nil
    case .torn:
      "\(path): the last \(bytes) bytes, from offset \(offset), are an unfinished commit; no"
        + " acknowledged event is missing"
    case .ambiguous:
      "\(path): the last \(bytes) bytes, from offset \(offset), are unreadable: either a crash left"
        + " them, or events up to \(lastAtStake) are lost"
    }
  }
}
