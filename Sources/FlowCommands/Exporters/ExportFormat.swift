/// The formats of `flow export`. The names are those of `--format`.
package enum ExportFormat: String, CaseIterable, Sendable {
  /// The whole run as one document.
  case json
  /// The Trace Event Format, which chrome://tracing and ui.perfetto.dev open.
  case chromeTrace = "chrome-trace"
  /// JUnit's XML, which CI servers read.
  case junit
  /// Graphviz.
  case dot
  case mermaid
}

/// The end of what an attempt printed.
package struct OutputExcerpt: Equatable, Sendable {
  /// How much of each output a document holds.
  package static let mostBytes = 64 << 10

  package let bytes: [UInt8]
  /// How large the whole output is.
  package let totalByteCount: Int64

  /// Whether `bytes` holds all that there is to read.
  package let isWhole: Bool

  /// - Parameter isWhole: nil if `bytes` is part of the output as it was printed, without a line for
  ///   what was discarded.
  package init(bytes: [UInt8], totalByteCount: Int64, isWhole: Bool? = nil) {
    self.bytes = bytes
    self.totalByteCount = totalByteCount
    self.isWhole = isWhole ?? (Int64(bytes.count) == totalByteCount)
  }
}
