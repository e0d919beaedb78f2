import FlowLog

/// What belongs to the format of a run's log and not to segments as such.
package enum HistoryLog {
  /// Bytes that are likely in events (`LogOptions.dictionary`). They belong to format version 1, and
  /// never change for it.
  package static let dictionary: [UInt8] = []
}
